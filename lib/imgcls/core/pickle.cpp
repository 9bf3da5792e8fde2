#include <imgcls/core/pickle.h>
#include <imgcls/core/pickle_codes.h>
#include <imgcls/core/pickle_input.h>
#include <imgcls/core/pickle_stack.h>

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

namespace imgcls {
namespace {

using Code = PickleCode;
using Kind = Pickle::Kind;
using Numbers = std::vector<std::uint32_t>;

/// Longer texts are no keys and no names: arrays' values in protocol 2, programs.
constexpr std::uint64_t kLongestText = 64 << 10;

/// The machine, which makes values instead of objects.
class Machine {
 public:
  Machine(ByteCursor& cursor, std::string_view source)
      : input_(cursor, source), source_(source), stack_(source) {}

  Pickle run() {
    while (step()) {
    }
    pickle_.root = stack_.last();
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void fail(std::string_view reason) const { refuse_pickle(source_, reason); }

  // Runs one instruction; false: it was the last.
  bool step() {
    const std::uint64_t here = input_.position();
    const auto code = static_cast<Code>(input_.number<std::uint8_t>());
    if (code == Code::kStop) return false;
    if (!make_simple(code) && !make_bytes(code) && !make_collection(code) && !use_stack(code) &&
        !refer(code)) {
      fail(fmt::format("instruction {:#04x} at byte {} is none of protocols 1 to {}",
                       static_cast<int>(code), here, kNewestPickleProtocol));
    }
    return true;
  }

  bool make_simple(Code code) {
    switch (code) {
      case Code::kProto:
        check_protocol(input_.number<std::uint8_t>());
        return true;
      case Code::kFrame:  // how many bytes may be read ahead
        input_.number<std::uint64_t>();
        return true;
      case Code::kNone:
        return push({Kind::none});
      case Code::kNewTrue:
        return push({.kind = Kind::boolean, .integer = 1});
      case Code::kNewFalse:
        return push({.kind = Kind::boolean, .integer = 0});
      case Code::kBinInt:
        return push_integer(static_cast<std::int32_t>(input_.number<std::uint32_t>()));
      case Code::kBinInt1:
        return push_integer(input_.number<std::uint8_t>());
      case Code::kBinInt2:
        return push_integer(input_.number<std::uint16_t>());
      case Code::kLong1:
        return push_long(input_.take(input_.number<std::uint8_t>()));
      case Code::kLong4:
        return push_skipped(input_.number<std::uint32_t>());
      case Code::kBinFloat:
        return push_skipped(8);
      default:
        return false;
    }
  }

  bool make_bytes(Code code) {
    switch (code) {
      case Code::kBinUnicode:
      case Code::kBinString:
        return push_text(input_.number<std::uint32_t>());
      case Code::kShortBinString:
      case Code::kShortBinUnicode:
        return push_text(input_.number<std::uint8_t>());
      case Code::kBinUnicode8:
        return push_text(input_.number<std::uint64_t>());
      case Code::kShortBinBytes:
        return push_skipped(input_.number<std::uint8_t>());
      case Code::kBinBytes:
        return push_skipped(input_.number<std::uint32_t>());
      case Code::kBinBytes8:
      case Code::kByteArray8:
        return push_skipped(input_.number<std::uint64_t>());
      case Code::kNextBuffer:  // lies outside of the pickle
        return push({Kind::opaque});
      case Code::kReadOnlyBuffer:
        stack_.top();
        return true;
      default:
        return false;
    }
  }

  bool make_collection(Code code) {
    switch (code) {
      case Code::kEmptyDict:
        return push({Kind::dict});
      case Code::kEmptyList:
        return push({Kind::list});
      case Code::kEmptyTuple:
        return push({Kind::tuple});
      case Code::kEmptySet:
        return push({Kind::opaque});
      case Code::kFrozenSet:
        stack_.pop_to_mark();
        return push({Kind::opaque});
      case Code::kTuple:
        return push({.kind = Kind::tuple, .items = stack_.pop_to_mark()});
      case Code::kTuple1:
        return push({.kind = Kind::tuple, .items = stack_.pop(1)});
      case Code::kTuple2:
        return push({.kind = Kind::tuple, .items = stack_.pop(2)});
      case Code::kTuple3:
        return push({.kind = Kind::tuple, .items = stack_.pop(3)});
      case Code::kSetItem:
        return extend(Kind::dict, stack_.pop(2));
      case Code::kSetItems:
        return extend(Kind::dict, stack_.pop_to_mark());
      case Code::kAppend:
        return extend(Kind::list, stack_.pop(1));
      case Code::kAppends:
      case Code::kAddItems:
        return extend(Kind::list, stack_.pop_to_mark());
      default:
        return false;
    }
  }

  bool use_stack(Code code) {
    switch (code) {
      case Code::kMark:
        stack_.mark();
        return true;
      case Code::kPop:
        stack_.drop();
        return true;
      case Code::kPopMark:
        stack_.pop_to_mark();
        return true;
      case Code::kDup:
        stack_.push(stack_.top());
        return true;
      case Code::kBinPut:
        stack_.store(input_.number<std::uint8_t>());
        return true;
      case Code::kLongBinPut:
        stack_.store(input_.number<std::uint32_t>());
        return true;
      case Code::kMemoize:
        stack_.store_next();
        return true;
      case Code::kBinGet:
        stack_.recall(input_.number<std::uint8_t>());
        return true;
      case Code::kLongBinGet:
        stack_.recall(input_.number<std::uint32_t>());
        return true;
      default:
        return false;
    }
  }

  // What Python would look up or call.
  bool refer(Code code) {
    switch (code) {
      case Code::kGlobal: {
        const std::string module = input_.line();
        return push_global(module, input_.line());
      }
      case Code::kStackGlobal:
        return push_stack_global(stack_.pop(2));
      case Code::kExtension1:  // a name by its number in a table of Python's
        return push_skipped(1);
      case Code::kExtension2:
        return push_skipped(2);
      case Code::kExtension4:
        return push_skipped(4);
      case Code::kReduce:
      case Code::kNewObject:
        return push_call(stack_.pop(2));
      case Code::kNewObjectEx: {
        Numbers items = stack_.pop(3);
        items.pop_back();  // arguments by name
        return push_call(std::move(items));
      }
      case Code::kObject:
        return push_object(stack_.pop_to_mark());
      case Code::kBuild:  // an object's attributes
        stack_.pop(1);
        stack_.top();
        return true;
      case Code::kBinPersistentId:
        return push({.kind = Kind::persistent, .items = stack_.pop(1)});
      default:
        return false;
    }
  }

  void check_protocol(int protocol) const {
    if (protocol > kNewestPickleProtocol) {
      fail(fmt::format("its protocol is {}; expected at most {}", protocol, kNewestPickleProtocol));
    }
  }

  bool push(Pickle::Value value) {
    stack_.push(pickle_.add(std::move(value)));
    return true;
  }

  bool push_integer(std::int64_t integer) {
    return push({.kind = Kind::integer, .integer = integer});
  }

  bool push_skipped(std::uint64_t bytes) {
    input_.skip(bytes);
    return push({Kind::opaque});
  }

  // A number in two's complement.
  bool push_long(std::span<const std::byte> bytes) {
    if (bytes.size() > sizeof(std::int64_t)) return push({Kind::opaque});
    const bool negative = !bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{0};
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
      value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    }
    return push_integer(static_cast<std::int64_t>(value));
  }

  bool push_text(std::uint64_t size) {
    if (size > kLongestText) return push_skipped(size);
    const auto bytes = input_.take(size);
    return push(
        {.kind = Kind::text, .text = {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
  }

  // Names are kept once, since those of a few texts can be combined to many.
  bool push_global(std::string_view module, std::string_view name) {
    std::string whole = fmt::format("{}.{}", module, name);
    const auto [known, is_new] = globals_.try_emplace(whole, 0);
    if (is_new) {
      input_.count(whole.size());
      known->second = pickle_.add({.kind = Kind::global, .text = std::move(whole)});
    }
    stack_.push(known->second);
    return true;
  }

  bool push_stack_global(const Numbers& both) {
    const Pickle::Value &module = pickle_.at(both[0]), &name = pickle_.at(both[1]);
    if (module.kind != Kind::text || name.kind != Kind::text ||
        module.text.size() > PickleInput::kLongestName ||
        name.text.size() > PickleInput::kLongestName) {
      fail("it names something by what is not a name");
    }
    return push_global(module.text, name.text);
  }

  bool push_call(Numbers items) {
    if (pickle_.at(items[1]).kind != Kind::tuple) fail("it calls with what are not arguments");
    return push({.kind = Kind::call, .items = std::move(items)});
  }

  // A class and its arguments, as Python 2 makes an object.
  bool push_object(Numbers items) {
    if (items.empty()) fail("it makes an object of no class");
    const std::uint32_t class_number = items.front();
    items.erase(items.begin());
    const std::uint32_t arguments = pickle_.add(Kind::tuple, std::move(items));
    return push_call({class_number, arguments});
  }

  bool extend(Kind kind, const Numbers& items) {
    if (kind == Kind::dict && items.size() % 2 != 0) fail("it sets a key without a value");
    Pickle::Value& value = pickle_.at(stack_.top());
    if (value.kind == kind || (value.kind == Kind::call && kind == Kind::dict)) {
      value.items.insert(value.items.end(), items.begin(), items.end());
    } else if (value.kind != Kind::call && value.kind != Kind::opaque) {
      fail("it adds items to what cannot hold them");
    }
    return true;
  }

  PickleInput input_;
  std::string_view source_;
  PickleStack stack_;
  Pickle pickle_;
  std::unordered_map<std::string, std::uint32_t> globals_;
};

}  // namespace

std::uint32_t Pickle::add(Value value) {
  values_.push_back(std::move(value));
  return static_cast<std::uint32_t>(values_.size() - 1);
}

std::uint32_t Pickle::add(Kind kind, std::vector<std::uint32_t> items) {
  return add({.kind = kind, .items = std::move(items)});
}

std::uint32_t Pickle::add(std::string_view text) {
  return add({.kind = Kind::text, .text = std::string(text)});
}

std::uint32_t Pickle::add_integer(std::int64_t integer) {
  return add({.kind = Kind::integer, .integer = integer});
}

Pickle read_pickle(ByteCursor& cursor, std::string_view source) {
  return Machine(cursor, source).run();
}

Pickle read_pickle(std::span<const std::byte> bytes, std::string_view source) {
  const MemorySource memory(bytes, source);
  ByteCursor cursor(memory, 0, bytes.size());
  Pickle pickle = read_pickle(cursor, source);
  if (cursor.remaining() > 0) {
    refuse_pickle(source, fmt::format("{} bytes follow its end", cursor.remaining()));
  }
  return pickle;
}

}  // namespace imgcls
