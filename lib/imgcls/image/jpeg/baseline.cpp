#include <imgcls/image/jpeg/baseline.h>
#include <imgcls/image/jpeg/checkpoints.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace imgcls::data {
namespace {

constexpr int kSide = 8;  // of a block
constexpr std::size_t kBlockBytes = kBlockSize * sizeof(std::int16_t);

int divided_up(int value, int divisor) {
  return (value + divisor - 1) / divisor;
}

// libjpeg-turbo's transform of a block with no coefficient but DC's.
void fill_flat(int dc, std::uint8_t* out, std::size_t stride) {
  const auto value = static_cast<std::uint8_t>(std::clamp(((4 * dc + 16) >> 5) + 128, 0, 255));
  for (int y = 0; y < kSide; ++y)
    std::memset(out + static_cast<std::size_t>(y) * stride, value, kSide);
}

}  // namespace

void BaselineDecoder::lay(Plane& plane, Span x, Span y) {
  plane.across = {x.first / kSide, divided_up(x.end, kSide)};
  plane.down = {y.first / kSide, divided_up(y.end, kSide)};
  plane.stride =
      static_cast<std::size_t>(kSide * (plane.across.end - plane.across.first)) + kRowSlack;
  plane.lines = 2 * kSide * plane.v;
  // A row of slack before the first line and after the last.
  plane.samples.resize(plane.stride * static_cast<std::size_t>(plane.lines) + 2 * kRowSlack);
}

// Which samples are needed: of chroma, where it has half the size, a neighbour on each side as
// well.
void BaselineDecoder::lay_planes() {
  const Span x{region_.x, region_.x + region_.width}, y{region_.y, region_.y + region_.height};
  planes_[0].h = frame_->h;
  planes_[0].v = frame_->v;
  lay(planes_[0], x, y);
  const auto halved = [](Span span, int factor, int side) {
    if (factor == 1) return span;
    return Span{std::max(0, span.first / 2 - 1), std::min(side, (span.end - 1) / 2 + 2)};
  };
  for (std::size_t c = 1; c < 3 && frame_->components == 3; ++c) {
    lay(planes_[c], halved(x, frame_->h, frame_->chroma().width),
        halved(y, frame_->v, frame_->chroma().height));
  }
}

// The MCUs that hold the blocks which any component needs.
BaselineDecoder::Span BaselineDecoder::needed_mcus(Span Plane::*blocks, int Plane::*in_mcu) const {
  Span mcus{planes_[0].*blocks};
  for (std::size_t c = 0; c < static_cast<std::size_t>(frame_->components); ++c) {
    const Plane& plane = planes_[c];
    const Span own{(plane.*blocks).first / (plane.*in_mcu),
                   divided_up((plane.*blocks).end, plane.*in_mcu)};
    mcus = c == 0 ? own : Span{std::min(mcus.first, own.first), std::max(mcus.end, own.end)};
  }
  return mcus;
}

bool BaselineDecoder::decode(std::span<const std::byte> file, const JpegFrame& frame, Rect region,
                             std::span<const std::byte> checkpoints, RowSink& sink) {
  frame_ = &frame;
  region_ = region;
  sink_ = &sink;
  next_row_ = region.y;
  if (!scan_.open(file, frame)) return false;
  for (std::size_t c = 0; c < static_cast<std::size_t>(frame.components); ++c) {
    waiting_[c].count = 0;
    waiting_[c].coefficients.fill(0);
    std::array<std::int16_t, kBlockSize>& table = waiting_[c].quantization;
    for (std::size_t i = 0; i < kBlockSize; ++i) {
      table[kNaturalOrder[i]] = static_cast<std::int16_t>(frame.component[c].quantization[i]);
    }
  }
  lay_planes();
  const Span columns = needed_mcus(&Plane::across, &Plane::h);
  const Span rows = needed_mcus(&Plane::down, &Plane::v);
  const JpegCheckpoints starts(checkpoints, frame);
  const int across = frame.mcus_across();

  for (int row = rows.first; row < rows.end; ++row) {
    if (starts) scan_.go_to(row * across, starts.row(row));
    if (!decode_row(row, columns)) return false;
    // The last line of an MCU may need the chroma below it.
    const int done = (row + 1) * frame.mcu_height() - (frame.v - 1);
    const int end = region.y + region.height;
    emit(row + 1 == rows.end ? end : std::min(done, end));
  }
  return true;
}

bool BaselineDecoder::decode_row(int row, Span columns) {
  const int first = row * frame_->mcus_across() + columns.first;
  if (!scan_.pass(first - scan_.next_mcu())) return false;
  for (int column = columns.first; column < columns.end; ++column) {
    if (!decode_mcu(column, row)) return false;
  }
  bool good = true;
  for (std::size_t c = 0; c < static_cast<std::size_t>(frame_->components); ++c) {
    if (waiting_[c].count != 0) good = transform(c, 2) && good;
  }
  return good;
}

bool BaselineDecoder::decode_mcu(int column, int row) {
  std::array<ScanBlock, JpegScan::kMaxBlocks> blocks;
  std::array<std::uint8_t*, JpegScan::kMaxBlocks> out{};
  const auto components = static_cast<std::size_t>(frame_->components);
  std::size_t at = 0;
  for (std::size_t c = 0; c < components; ++c) {
    Plane& plane = planes_[c];
    std::size_t room = waiting_[c].count;
    for (int y = row * plane.v; y < (row + 1) * plane.v; ++y) {
      for (int x = column * plane.h; x < (column + 1) * plane.h; ++x, ++at) {
        if (!plane.across.holds(x) || !plane.down.holds(y)) continue;
        blocks[at].coefficients = waiting_[c].block(room++);
        out[at] = plane.at(kSide * x, kSide * y);
      }
    }
  }
  if (!scan_.decode(blocks)) return false;
  bool good = true;
  at = 0;
  for (std::size_t c = 0; c < components; ++c) {
    for (int i = 0; i < planes_[c].h * planes_[c].v; ++i, ++at) {
      if (out[at]) good = place(c, blocks[at], out[at]) && good;
    }
    good = transform(c, waiting_[c].count / 2 * 2) && good;
  }
  return good;
}

// A decoded block goes to its plane, or to the end of those that wait.
bool BaselineDecoder::place(std::size_t component, const ScanBlock& block, std::uint8_t* out) {
  Waiting& waiting = waiting_[component];
  if (block.flat) {
    const auto dc = static_cast<std::int16_t>(block.coefficients[0] * waiting.quantization[0]);
    block.coefficients[0] = 0;
    fill_flat(dc, out, planes_[component].stride);
    return std::abs(int{dc}) <= kMaxCoefficient;
  }
  if (block.coefficients != waiting.block(waiting.count)) {  // a flat one was before it
    std::memcpy(waiting.block(waiting.count), block.coefficients, kBlockBytes);
    std::memset(block.coefficients, 0, kBlockBytes);
  }
  waiting.out[waiting.count++] = out;
  return true;
}

// Transforms the first `count` blocks that wait, an even number. One that has no partner, at the
// end of a row, has itself.
bool BaselineDecoder::transform(std::size_t component, std::size_t count) {
  Waiting& waiting = waiting_[component];
  if (count == 0) return true;
  bool good = true;
  if (waiting.count == 1) {
    std::memcpy(waiting.block(1), waiting.block(0), kBlockBytes);
    waiting.out[waiting.count++] = waiting.out[0];
  }
  for (std::size_t i = 0; i < count; i += 2) {
    good = kernels_->inverse_dct(waiting.block(i), waiting.quantization.data(), &waiting.out[i],
                                 planes_[component].stride) &&
           good;
  }
  std::memset(waiting.block(0), 0, count * kBlockBytes);
  if (waiting.count > count) {
    std::memcpy(waiting.block(0), waiting.block(count), kBlockBytes);
    std::memset(waiting.block(count), 0, kBlockBytes);
    waiting.out[0] = waiting.out[count];
    waiting.count = 1;
  } else {
    waiting.count = 0;
  }
  return good;
}

void BaselineDecoder::emit(int end) {
  const int count = end - next_row_;
  if (count <= 0) return;
  const std::size_t stride = static_cast<std::size_t>(region_.width) * 3;
  rgb_.resize(std::max(rgb_.size(), stride * static_cast<std::size_t>(count) + kRowSlack));
  for (int i = 0; i < count; ++i) {
    make_row(next_row_ + i, rgb_.data() + static_cast<std::size_t>(i) * stride);
  }
  next_row_ = end;
  sink_->rows(rgb_.data(), stride, count);
}

void BaselineDecoder::make_row(int y, std::uint8_t* rgb) {
  const std::uint8_t* luma = planes_[0].at(region_.x, y);
  if (frame_->components == 1) return kernels_->grey_to_rgb(luma, region_.width, rgb);
  kernels_->to_rgb(luma, chroma_row(1, y), chroma_row(2, y), region_.width, rgb);
}

// At the image's edge, a sample's neighbour repeats the edge.
void BaselineDecoder::repeat_edges(Plane& plane, int line) const {
  const int width = frame_->chroma().width;
  if (plane.across.first == 0) *plane.at(-1, line) = *plane.at(0, line);
  if (kSide * plane.across.end >= width) *plane.at(width, line) = *plane.at(width - 1, line);
}

// A row of chroma at luma's size, from the region's first column.
const std::uint8_t* BaselineDecoder::chroma_row(std::size_t component, int y) {
  Plane& plane = planes_[component];
  if (frame_->h == 1 && frame_->v == 1) return plane.at(region_.x, y);
  const int near = y / frame_->v, beyond = y % 2 == 0 ? near - 1 : near + 1;
  const int far = frame_->v == 1 ? near : std::clamp(beyond, 0, frame_->chroma().height - 1);
  std::vector<std::uint8_t>& row = upsampled_[component];
  row.resize(std::max(row.size(), static_cast<std::size_t>(region_.width) + 2 + kRowSlack));
  if (frame_->h == 1) {
    upsample_down(plane.at(region_.x, near), plane.at(region_.x, far), y % 2 != 0, region_.width,
                  row.data());
    return row.data();
  }
  repeat_edges(plane, near);
  repeat_edges(plane, far);
  const int first = region_.x / 2, count = (region_.x + region_.width - 1) / 2 + 1 - first;
  if (frame_->v == 1) {
    upsample_across(plane.at(first, near), count, row.data());
  } else {
    upsample_both(plane.at(first, near), plane.at(first, far), count, row.data());
  }
  return row.data() + region_.x % 2;
}

}  // namespace imgcls::data
