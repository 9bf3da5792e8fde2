#pragma once
// The instructions of pickles that plain data need, by CPython's names. Internal to imgcls::data.

#include <cstdint>

namespace imgcls::data {

/// The version of the set of instructions.
inline constexpr std::uint8_t kPickleProtocol = 2;

enum class PickleCode : std::uint8_t {
  kProto = 0x80,
  kStop = '.',
  kMark = '(',
  kEmptyDict = '}',
  kEmptyList = ']',
  kEmptyTuple = ')',
  kTuple = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kBinUnicode = 'X',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kSetItem = 's',
  kSetItems = 'u',
  kAppend = 'a',
  kAppends = 'e',
};

}  // namespace imgcls::data
