#include <imgcls/core/byte_source.h>

#include <algorithm>

namespace imgcls {

std::vector<std::byte> ByteSource::bytes(std::uint64_t offset, std::uint64_t size) const {
  std::vector<std::byte> bytes(size);
  read(offset, bytes);
  return bytes;
}

void MemorySource::read(std::uint64_t offset, std::span<std::byte> out) const {
  std::ranges::copy(bytes_.subspan(offset, out.size()), out.begin());
}

std::span<const std::byte> ByteCursor::take(std::size_t count) {
  constexpr std::uint64_t kAhead = 1 << 16;
  if (position_ + count > window_begin_ + window_.size()) {
    window_.resize(std::min(remaining(), std::max<std::uint64_t>(count, kAhead)));
    source_.read(position_, window_);
    window_begin_ = position_;
  }
  const auto taken = std::span(window_).subspan(position_ - window_begin_, count);
  position_ += count;
  return taken;
}

}  // namespace imgcls
