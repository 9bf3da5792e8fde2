#pragma once
// Python's pickles, as data: dictionaries, lists, tuples, texts, numbers. Reading runs nothing. A
// pickle is a program for a small stack machine; the instructions that name or call something of
// Python's become values that say so, and it is for who reads them to know some and refuse others.
// After CPython's Lib/pickletools.py, protocols 1 to 5.

#include <imgcls/core/byte_source.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls {

/// The values of a pickle. They refer to each other by number, since a value may stand in several
/// places, even in itself: who walks through them must bound the depth.
class Pickle {
 public:
  /// What a value is.
  enum class Kind {
    none,        ///< Python's None
    boolean,     ///< `integer` is 0 or 1
    integer,     ///< of at most 64 bits
    text,        ///< a str
    tuple,       ///< `items` are its values
    list,        ///< likewise
    dict,        ///< items: key, value, key ...
    global,      ///< a function or class; `text` is its name with its module's: "torch.Size"
    call,        ///< items: what would be called, the tuple of its arguments, and, where the object
                 ///< is then used as a dict, the keys and values that are put in
    persistent,  ///< items: the description of an object that lies outside of the pickle
    opaque,      ///< a value that is skipped: a float, bytes, a set, a number of more than 64 bits
  };
  /// One value; the members that its kind does not name are empty.
  struct Value {
    Kind kind;                              ///< which of the members says more
    std::string text = {};                  ///< of a text (UTF-8) or a global
    std::vector<std::uint32_t> items = {};  ///< numbers of values; of a dict: key, value, key ...
    std::int64_t integer = 0;               ///< of an integer; 0 or 1 of a boolean
  };

  /// Adds a value; its number.
  std::uint32_t add(Value value);
  /// A value of that kind, made of these.
  std::uint32_t add(Kind kind, std::vector<std::uint32_t> items = {});
  std::uint32_t add(std::string_view text);         ///< a text
  std::uint32_t add_integer(std::int64_t integer);  ///< an integer

  /// The value of that number; throws std::out_of_range.
  const Value& at(std::uint32_t number) const { return values_.at(number); }
  Value& at(std::uint32_t number) { return values_.at(number); }  ///< the same, to be changed
  /// How many values there are; numbers are below it.
  std::size_t size() const { return values_.size(); }

  std::uint32_t root = 0;  ///< the number of the value that is pickled

 private:
  std::deque<Value> values_;  // does not take the double as it grows
};

/// A pickle may have so many bytes, without its texts of more than 64 KiB and its bytes objects,
/// which are skipped: the values of the rest take up to 90 times as much memory.
inline constexpr std::uint64_t kMaxPickle = std::uint64_t{16} << 20;

/// Reads a pickle, whose cursor stands behind it then. Objects' attributes, the contents of sets
/// and of what is no list, and long texts are skipped. Throws DataError, whose message begins with
/// the source's name, for what is broken, for instructions of other protocols, and for more than
/// kMaxPickle bytes.
Pickle read_pickle(ByteCursor& cursor, std::string_view source);

/// The same for bytes that hold a pickle and nothing else.
Pickle read_pickle(std::span<const std::byte> bytes, std::string_view source);

/// The bytes that Python's `pickle.dumps(value, protocol=2)` gives where equal texts are the same
/// object, but for empty batches. A value that stands in several places is written once. Throws
/// DataError for values nested more than 100 deep, and for opaque ones.
std::vector<std::byte> write_pickle(const Pickle& pickle);

}  // namespace imgcls
