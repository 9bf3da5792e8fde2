#include <imgcls/image/jpeg/checkpoints.h>

#include <cstdint>

namespace imgcls::data {
namespace {

constexpr unsigned kVersion = 1;
constexpr std::size_t kHeadBytes = 4;
constexpr std::size_t kMaxFileBytes = std::size_t{1} << 29;

std::size_t row_bytes(std::size_t components) {
  return 4 + 2 * components;
}

void append(std::vector<std::byte>& bytes, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

std::uint32_t number(std::span<const std::byte> bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = count; i > 0; --i) {
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i - 1]);
  }
  return value;
}

}  // namespace

std::vector<std::byte> make_jpeg_checkpoints(std::span<const std::byte> file) {
  if (file.size() >= kMaxFileBytes) return {};
  const auto frame = read_baseline_frame(file);
  if (!frame) return {};
  JpegScan scan;
  if (!scan.open(file, *frame)) return {};
  const auto components = static_cast<std::size_t>(frame->components);
  std::vector<std::byte> bytes;
  append(bytes, kVersion, 1);
  append(bytes, static_cast<std::uint32_t>(frame->components), 1);
  append(bytes, static_cast<std::uint32_t>(frame->mcu_rows()), 2);
  for (int row = 0; row < frame->mcu_rows(); ++row) {
    const ScanState state = scan.state();
    append(bytes, state.position.byte << 3 | state.position.bit, 4);
    for (std::size_t c = 0; c < components; ++c) {
      append(bytes, static_cast<std::uint16_t>(state.predictors[c]), 2);
    }
    if (!scan.pass(frame->mcus_across())) return {};
  }
  return bytes;
}

JpegCheckpoints::JpegCheckpoints(std::span<const std::byte> bytes, const JpegFrame& frame)
    : components_(static_cast<std::size_t>(frame.components)) {
  const auto rows = static_cast<std::size_t>(frame.mcu_rows());
  const bool fits = bytes.size() == kHeadBytes + rows * row_bytes(components_) &&
                    number(bytes, 0, 1) == kVersion && number(bytes, 1, 1) == components_ &&
                    number(bytes, 2, 2) == rows;
  if (fits) bytes_ = bytes;
}

ScanState JpegCheckpoints::row(int row) const {
  std::size_t at = kHeadBytes + static_cast<std::size_t>(row) * row_bytes(components_);
  const std::uint32_t position = number(bytes_, at, 4);
  ScanState state{{position >> 3, static_cast<std::uint8_t>(position & 7)}, {}};
  for (std::size_t c = 0; c < components_; ++c) {
    state.predictors[c] = static_cast<std::int16_t>(number(bytes_, at + 4 + 2 * c, 2));
  }
  return state;
}

}  // namespace imgcls::data
