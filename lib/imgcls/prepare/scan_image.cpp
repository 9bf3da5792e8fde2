#include <imgcls/core/error.h>
#include <imgcls/core/xxh3.h>
#include <imgcls/image/decode.h>
#include <imgcls/image/image_format.h>
#include <imgcls/image/jpeg/checkpoints.h>
#include <imgcls/image/jpeg/facts.h>
#include <imgcls/prepare/scan_image.h>

namespace imgcls::data {
namespace {

std::uint32_t flags_of(std::span<const std::byte> file) {
  if (recognize(file) != ImageFormat::jpeg) return kNotJpeg;
  const auto facts = jpeg_facts(file);
  if (!facts) return 0;
  const auto when = [](bool set, IndexFlag flag) { return set ? std::uint32_t{flag} : 0U; };
  const auto sampling =
      static_cast<std::uint32_t>(facts->sampling_height << 4 | facts->sampling_width);
  const bool inks = facts->components == 4, ycck = facts->adobe_transform == 2;
  return when(facts->progressive, kProgressive) | when(facts->arithmetic, kArithmetic) |
         when(facts->components == 1, kGrey) | when(inks && !ycck, kCmyk) |
         when(inks && ycck, kYcck) | when(facts->restarts, kRestarts) |
         when(facts->orientation > 1, kOrientation) | (sampling << kSamplingShift & kSampling);
}

}  // namespace

std::string scan_image(std::span<const std::byte> file, std::string_view name, Image& scratch,
                       SampleRecord& record) {
  record.bytes = file.size();
  record.hash = xxh3(file);
  record.flags = flags_of(file);
  record.width = record.height = 0;
  record.checkpoints.clear();
  try {
    decode(file, name, scratch);
  } catch (const Error& e) {
    record.flags |= kCorrupt;
    return e.what();
  }
  record.width = static_cast<std::uint32_t>(scratch.size.width);
  record.height = static_cast<std::uint32_t>(scratch.size.height);
  if ((record.flags & kNotJpeg) == 0) record.checkpoints = make_jpeg_checkpoints(file);
  return {};
}

}  // namespace imgcls::data
