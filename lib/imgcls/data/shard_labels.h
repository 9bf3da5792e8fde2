#pragma once
// What the members .cls and .json say of a sample's class, and the numbers that classes get of it.
// Internal to imgcls::data.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// A class as a sample has it: its number, its name, or both.
struct ShardLabel {
  std::optional<std::int64_t> number = {};
  std::string name = {};

  bool is_empty() const { return !number && name.empty(); }
};

/// Of the text in a .cls: decimal digits, else a name. Throws DataError, a part of a sentence that
/// begins with the member's name, where it is neither.
ShardLabel parse_cls(std::string_view text);

/// Of an object in a .json: a number, also as text, or a name under "label"; and a name under
/// "class", "class_name" or "wnid". Empty where it has none of them. Throws likewise.
ShardLabel parse_json_label(std::string_view text);

/// The name alone, whatever is under "label".
std::string parse_json_name(std::string_view text);

/// The classes of a data set, from what its samples say. Fills in each sample's number.
///
/// `names` are those of classes.txt, in the order of the numbers; without one (`has_names` false)
/// the names that go with the numbers or, where no sample has a number, the names in order. `where`
/// names a sample for messages. Throws DataError about the sample at fault: of another kind than
/// most, with a number that is out of range or beyond all sense, or an unknown name.
class ShardClasses {
 public:
  using Where = std::function<std::string(std::size_t sample)>;

  ShardClasses(std::vector<ShardLabel>& labels, Where where)
      : labels_(labels), where_(std::move(where)) {}

  std::vector<std::string> by_file(const std::filesystem::path& classes_file);
  std::vector<std::string> by_samples();

  /// What is odd about the numbers, though they can be used; empty: nothing is.
  const std::string& remark() const { return remark_; }

 private:
  [[noreturn]] void fail(std::size_t sample, std::string_view reason) const;
  void check_numbers();
  std::vector<std::string> by_number();
  std::vector<std::string> by_name();

  std::vector<ShardLabel>& labels_;
  Where where_;
  std::string remark_;
};

}  // namespace imgcls::data
