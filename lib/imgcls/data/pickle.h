#pragma once
// Python's pickles of plain data: dictionaries, lists, tuples and texts. Reading runs nothing: a
// pickle is a program for a small stack machine, and the instructions that import or call something
// of Python's are not known here. After CPython's Lib/pickletools.py, protocol 2.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// The values of a pickle. They refer to each other by number, since a value may stand in several
/// places, even in itself: who walks through them must bound the depth.
class Pickle {
 public:
  enum class Kind { text, tuple, list, dict };
  struct Value {
    Kind kind;
    std::string text;                  ///< of a text; UTF-8
    std::vector<std::uint32_t> items;  ///< numbers of values; of a dict: key, value, key, value ...
  };

  /// Adds a value; its number.
  std::uint32_t add(Kind kind, std::vector<std::uint32_t> items = {});
  std::uint32_t add(std::string_view text);

  const Value& at(std::uint32_t number) const { return values_.at(number); }
  Value& at(std::uint32_t number) { return values_.at(number); }
  std::size_t size() const { return values_.size(); }

  std::uint32_t root = 0;  ///< the number of the value that is pickled

 private:
  std::vector<Value> values_;
};

/// Reads a pickle. Throws DataError, whose message begins with `name`, for what is broken, and for
/// every instruction outside of the few that plain data need.
Pickle read_pickle(std::span<const std::byte> bytes, std::string_view name);

/// The bytes that Python's `pickle.dumps(value, protocol=2)` gives where equal texts are the same
/// object, but for empty batches. A value that stands in several places is written once. Throws
/// DataError for values nested more than 100 deep.
std::vector<std::byte> write_pickle(const Pickle& pickle);

}  // namespace imgcls::data
