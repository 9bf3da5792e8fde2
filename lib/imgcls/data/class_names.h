#pragma once
// What classes are called: the folder's or the data set's name for each, and a name for people.

#include <imgcls/data/source.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace imgcls::data {

/// A class, by what it is called.
struct ClassName {
  std::string id;    ///< a class folder's name: "n01440764"
  std::string name;  ///< for people: "tench"; the id where there is no other
};

/// ImageNet-1k's classes, in the order in which models number them: their WordNet ids sorted.
const std::vector<ClassName>& imagenet_classes();

/// Whether two classes may have one id, as ImageNet's two cranes have where names are ids.
enum class Repeats { refused, allowed };

/// Reads a text file with a line for each class, in the order of their numbers: its id, then, where
/// there is one, a tab and its name. Ids and names that are no plain text stand as
/// core/quoted_name.h has it; a byte order mark, carriage returns at the lines' ends and empty
/// lines at the file's end are dropped. Throws DataError naming the line of an empty or repeated
/// id, and for a file that names no class.
std::vector<ClassName> read_class_names(const std::filesystem::path& path,
                                        Repeats repeats = Repeats::refused);

/// The ids alone.
std::vector<std::string> class_ids(std::span<const ClassName> classes);

/// The text of such a file for classes without other names than their ids.
std::string class_names_text(std::span<const std::string> ids);

/// The samples of `source` with the numbers that `classes` gives their classes: what a data set
/// that lacks some classes needs, where the model knows them all. Throws DataError naming the
/// source's classes that are none of `classes`, or more than one of them.
std::shared_ptr<const Source> with_classes(std::shared_ptr<const Source> source,
                                           std::span<const ClassName> classes);

}  // namespace imgcls::data
