#pragma once
// The instructions of pickles that plain data need, by CPython's names.

#include <cstdint>

namespace imgcls {

/// The version of the set of instructions.
inline constexpr std::uint8_t kPickleProtocol = 2;

enum class PickleCode : std::uint8_t {
  kProto = 0x80,
  kStop = '.',
  kMark = '(',
  kNone = 'N',
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8A,
  kBinFloat = 'G',
  kBinUnicode = 'X',
  kBinString = 'T',
  kShortBinString = 'U',
  kEmptyDict = '}',
  kEmptyList = ']',
  kEmptyTuple = ')',
  kTuple = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kBinPut = 'q',
  kLongBinPut = 'r',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kSetItem = 's',
  kSetItems = 'u',
  kAppend = 'a',
  kAppends = 'e',
  kGlobal = 'c',
  kReduce = 'R',
  kNewObject = 0x81,
  kBuild = 'b',
  kBinPersistentId = 'Q',
};

}  // namespace imgcls
