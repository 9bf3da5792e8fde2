#include <imgcls/core/little_endian.h>
#include <imgcls/log/wandb_log.h>

#include <zlib.h>

#include <algorithm>
#include <cstddef>

namespace imgcls::report {
namespace {

constexpr std::uint64_t kBlock = 32768, kFrameHead = 7;
enum FrameType : std::uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

std::uint32_t checksum(std::uint8_t type, std::string_view bytes) {
  const auto of_type = crc32(0, &type, 1);
  return static_cast<std::uint32_t>(crc32(of_type, reinterpret_cast<const Bytef*>(bytes.data()),
                                          static_cast<uInt>(bytes.size())));
}

FrameType frame_type(bool first, bool last) {
  if (first) return last ? kFull : kFirst;
  return last ? kLast : kMiddle;
}

std::string frame(FrameType type, std::string_view bytes) {
  std::string text;
  append_le(text, checksum(type, bytes));
  append_le(text, static_cast<std::uint16_t>(bytes.size()));
  text += static_cast<char>(type);
  text += bytes;
  return text;
}

/// Bytes of the block that `offset` lies in, from there on.
std::uint64_t left_in_block(std::uint64_t offset) {
  return kBlock - offset % kBlock;
}

}  // namespace

std::string wandb_frames(std::string_view record, std::uint64_t offset) {
  std::string text;
  bool first = true, last = false;
  while (!last) {
    const std::uint64_t left = left_in_block(offset + text.size());
    if (left < kFrameHead) {
      text.append(left, '\0');
      continue;
    }
    const std::uint64_t size = std::min<std::uint64_t>(record.size(), left - kFrameHead);
    last = size == record.size();
    text += frame(frame_type(first, last), record.substr(0, size));
    record.remove_prefix(size);
    first = false;
  }
  return text;
}

WandbRecords::WandbRecords(std::string_view file) : file_(file) {
  if (file.starts_with(kWandbHead)) end_ = kWandbHead.size();
}

std::optional<std::string> WandbRecords::next() {
  if (end_ == 0) return {};
  std::string record;
  bool first = true;
  for (std::uint64_t at = end_;; first = false) {
    if (left_in_block(at) < kFrameHead) at += left_in_block(at);
    if (at + kFrameHead > file_.size()) return {};
    const std::string_view head = file_.substr(at, kFrameHead);
    const std::uint64_t size = load_le<std::uint16_t>(head.substr(4, 2));
    const auto type = static_cast<std::uint8_t>(head[6]);
    if (size > left_in_block(at) - kFrameHead || at + kFrameHead + size > file_.size()) return {};
    const std::string_view bytes = file_.substr(at + kFrameHead, size);
    const bool last = type == kFull || type == kLast;
    if (type != frame_type(first, last)) return {};
    if (checksum(type, bytes) != load_le<std::uint32_t>(head.substr(0, 4))) return {};
    record += bytes;
    at += kFrameHead + size;
    if (!last) continue;
    end_ = at;
    return record;
  }
}

}  // namespace imgcls::report
