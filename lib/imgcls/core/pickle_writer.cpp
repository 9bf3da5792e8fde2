#include <imgcls/core/error.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/core/pickle.h>
#include <imgcls/core/pickle_codes.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace imgcls {
namespace {

using Code = PickleCode;
using Kind = Pickle::Kind;

/// Emits the instructions that make the values again.
class Writer {
 public:
  explicit Writer(const Pickle& pickle) : pickle_(pickle) {}

  std::vector<std::byte> write() {
    put(Code::kProto);
    append_le(bytes_, static_cast<std::uint8_t>(kPickleProtocol));
    write_value(pickle_.root, 0);
    put(Code::kStop);
    return std::move(bytes_);
  }

 private:
  void put(Code code) { bytes_.push_back(static_cast<std::byte>(code)); }

  void put(Code small, Code large, std::uint32_t number) {
    if (number < 256) {
      put(small);
      append_le(bytes_, static_cast<std::uint8_t>(number));
    } else {
      put(large);
      append_le(bytes_, number);
    }
  }

  void write_value(std::uint32_t number, int depth) {
    if (depth > 100) throw DataError("values nested more than 100 deep cannot be pickled");
    if (const auto known = memory_.find(number); known != memory_.end()) {
      put(Code::kBinGet, Code::kLongBinGet, known->second);
      return;
    }
    const Pickle::Value& value = pickle_.at(number);
    switch (value.kind) {
      case Kind::none:
        put(Code::kNone);
        break;
      case Kind::boolean:
        put(value.integer != 0 ? Code::kNewTrue : Code::kNewFalse);
        break;
      case Kind::integer:
        write_integer(value.integer);
        break;
      case Kind::global:
        write_global(value.text, number);
        break;
      case Kind::call:
        write_call(value.items, number, depth);
        break;
      case Kind::persistent:
        write_value(value.items.at(0), depth + 1);
        put(Code::kBinPersistentId);
        break;
      case Kind::opaque:
        throw DataError("a value whose content was skipped cannot be pickled");
      case Kind::text:
        write_text(value.text, number);
        break;
      case Kind::tuple:
        write_tuple(value.items, number, depth);
        break;
      case Kind::list:
        put(Code::kEmptyList);
        memorize(number);
        write_items(value.items, 1, Code::kAppend, Code::kAppends, depth);
        break;
      case Kind::dict:
        put(Code::kEmptyDict);
        memorize(number);
        write_items(value.items, 2, Code::kSetItem, Code::kSetItems, depth);
        break;
    }
  }

  void memorize(std::uint32_t number) {
    const auto place = static_cast<std::uint32_t>(memory_.size());
    put(Code::kBinPut, Code::kLongBinPut, place);
    memory_[number] = place;
  }

  void append(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  void write_text(std::string_view text, std::uint32_t number) {
    put(Code::kBinUnicode);
    append_le(bytes_, static_cast<std::uint32_t>(text.size()));
    append(text);
    memorize(number);
  }

  // In the fewest bytes.
  void write_integer(std::int64_t integer) {
    if (std::in_range<std::uint8_t>(integer)) {
      put(Code::kBinInt1);
      append_le(bytes_, static_cast<std::uint8_t>(integer));
    } else if (std::in_range<std::uint16_t>(integer)) {
      put(Code::kBinInt2);
      append_le(bytes_, static_cast<std::uint16_t>(integer));
    } else if (std::in_range<std::int32_t>(integer)) {
      put(Code::kBinInt);
      append_le(bytes_, static_cast<std::uint32_t>(integer));
    } else {
      int count = 5;  // bytes that hold it with its sign
      while (count < 8 && integer >> (8 * count - 1) != 0 && integer >> (8 * count - 1) != -1) {
        ++count;
      }
      put(Code::kLong1);
      append_le(bytes_, static_cast<std::uint8_t>(count));
      for (int i = 0; i < count; ++i) {
        append_le(bytes_, static_cast<std::uint8_t>(integer >> (8 * i) & 0xFF));
      }
    }
  }

  void write_global(std::string_view name, std::uint32_t number) {
    const std::size_t dot = name.rfind('.');
    put(Code::kGlobal);
    append(name.substr(0, dot));
    append("\n");
    append(name.substr(dot + 1));
    append("\n");
    memorize(number);
  }

  void write_call(const std::vector<std::uint32_t>& items, std::uint32_t number, int depth) {
    write_value(items.at(0), depth + 1);
    write_value(items.at(1), depth + 1);
    put(Code::kReduce);
    memorize(number);
    const std::vector<std::uint32_t> contents(items.begin() + 2, items.end());
    write_items(contents, 2, Code::kSetItem, Code::kSetItems, depth);
  }

  void write_tuple(const std::vector<std::uint32_t>& items, std::uint32_t number, int depth) {
    if (items.empty()) {  // Python does not store it
      put(Code::kEmptyTuple);
      return;
    }
    if (items.size() > 3) put(Code::kMark);
    for (const std::uint32_t item : items) write_value(item, depth + 1);
    constexpr Code kBySize[] = {Code::kTuple1, Code::kTuple2, Code::kTuple3};
    put(items.size() > 3 ? Code::kTuple : kBySize[items.size() - 1]);
    memorize(number);
  }

  // Items of `width` values each, a thousand of them for one instruction.
  void write_items(const std::vector<std::uint32_t>& items, std::size_t width, Code one, Code many,
                   int depth) {
    if (items.size() == width) {
      for (const std::uint32_t item : items) write_value(item, depth + 1);
      put(one);
      return;
    }
    const std::size_t batch = 1000 * width;
    for (std::size_t begin = 0; begin < items.size(); begin += batch) {
      put(Code::kMark);
      for (std::size_t i = begin; i < std::min(begin + batch, items.size()); ++i) {
        write_value(items[i], depth + 1);
      }
      put(many);
    }
  }

  const Pickle& pickle_;
  std::vector<std::byte> bytes_;
  std::unordered_map<std::uint32_t, std::uint32_t> memory_;  // of values' numbers: places
};

}  // namespace

std::vector<std::byte> write_pickle(const Pickle& pickle) {
  return Writer(pickle).write();
}

}  // namespace imgcls
