#pragma once
// The instructions of pickles of protocols 1 to 5, by CPython's names. Internal to core/.

#include <cstdint>

namespace imgcls {

/// The version of the set of instructions: what is written, and the newest that is read.
inline constexpr std::uint8_t kPickleProtocol = 2, kNewestPickleProtocol = 5;

/// A byte that begins an instruction; CPython's pickle.py has the names in capitals.
enum class PickleCode : std::uint8_t {
  kProto = 0x80,
  kStop = '.',
  kMark = '(',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kNone = 'N',
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8A,
  kLong4 = 0x8B,
  kBinFloat = 'G',
  kBinUnicode = 'X',
  kBinString = 'T',
  kShortBinString = 'U',
  kShortBinUnicode = 0x8C,
  kBinUnicode8 = 0x8D,
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kBinBytes8 = 0x8E,
  kByteArray8 = 0x96,
  kNextBuffer = 0x97,
  kReadOnlyBuffer = 0x98,
  kEmptyDict = '}',
  kEmptyList = ']',
  kEmptyTuple = ')',
  kEmptySet = 0x8F,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kTuple = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kBinPut = 'q',
  kLongBinPut = 'r',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kMemoize = 0x94,
  kFrame = 0x95,
  kSetItem = 's',
  kSetItems = 'u',
  kAppend = 'a',
  kAppends = 'e',
  kGlobal = 'c',
  kStackGlobal = 0x93,
  kExtension1 = 0x82,
  kExtension2 = 0x83,
  kExtension4 = 0x84,
  kReduce = 'R',
  kObject = 'o',
  kNewObject = 0x81,
  kNewObjectEx = 0x92,
  kBuild = 'b',
  kBinPersistentId = 'Q',
};

}  // namespace imgcls
