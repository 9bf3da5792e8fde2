#include <imgcls/core/file_signature.h>
#include <imgcls/image/image_format.h>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace imgcls::data {
namespace {

using namespace std::string_view_literals;

std::string_view text(std::span<const std::byte> file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

// In this order: the first that fits names the file.
constexpr FileSignature kUnread[] = {
    {0, "GIF87a"sv, "a GIF"},
    {0, "GIF89a"sv, "a GIF"},
    {4, "ftypavif"sv, "an AVIF"},
    {4, "ftypavis"sv, "an AVIF"},
    {4, "ftypheic"sv, "a HEIC"},
    {4, "ftypheix"sv, "a HEIC"},
    {4, "ftyphevc"sv, "a HEIC"},
    {4, "ftypheim"sv, "a HEIC"},
    {4, "ftypmif1"sv, "a HEIF"},
    {4, "ftypmsf1"sv, "a HEIF"},
    {4, "ftypcrx "sv, "a raw photograph (CR3)"},
    {4, "ftyp"sv, "a video (MP4)"},
    {0, "\0\0\0\x0CjP  \r\n\x87\n"sv, "a JPEG 2000"},
    {0, "\xFF\x4F\xFF\x51"sv, "a JPEG 2000"},
    {0, "\0\0\0\x0CJXL \r\n\x87\n"sv, "a JPEG XL"},
    {0, "\xFF\x0A"sv, "a JPEG XL"},
    {0, "II\xBC\x01"sv, "a JPEG XR"},
    {0, "8BPS"sv, "a Photoshop document"},
    {0, "P7\n"sv, "a PAM"},
    {0, "PF\n"sv, "a PFM"},
    {0, "Pf\n"sv, "a PFM"},
    {0, "\x76\x2F\x31\x01"sv, "an OpenEXR"},
    {0, "#?RADIANCE"sv, "a Radiance HDR"},
    {0, "qoif"sv, "a QOI"},
    {0, "DDS "sv, "a DDS"},
    {0, "\x59\xA6\x6A\x95"sv, "a Sun raster"},
    {0, "\0\0\x01\0"sv, "an icon (ICO)"},
    {128, "DICM"sv, "a DICOM"},
    {0, "SIMPLE  ="sv, "a FITS"},
    {0, "\x93NUMPY"sv, "a NumPy array"},
    {0, "%PDF-"sv, "a PDF"},
    {0, "<svg"sv, "an SVG"},
    {0, "<?xml"sv, "an XML document, perhaps an SVG"},
    {0, "RIFF"sv, "a RIFF file, but no WebP"},
};

// What lies in image folders in an image's place, after a download or a backup that went wrong.
constexpr FileSignature kNoImages[] = {
    {0, "<!DOCTYPE"sv, "a web page"},
    {0, "<!doctype"sv, "a web page"},
    {0, "<html"sv, "a web page"},
    {0, "<HTML"sv, "a web page"},
    {0, "version https://git-lfs"sv, "a pointer of Git LFS: run git lfs pull"},
    {0, "\0\x05\x16\x07"sv, "a macOS resource fork (AppleDouble): delete such ._ files"},
    {0, "\x1F\x8B"sv, "compressed by gzip"},
    {0, "PK\x03\x04"sv, "a ZIP archive"},
};

}  // namespace

std::optional<ImageFormat> recognize(std::span<const std::byte> file) {
  const std::string_view head = text(file.first(std::min<std::size_t>(file.size(), 16)));
  if (head.starts_with("\xFF\xD8\xFF"sv)) return ImageFormat::jpeg;
  if (head.starts_with("\x89PNG\r\n\x1A\n"sv)) return ImageFormat::png;
  if (head.size() >= 12 && head.starts_with("RIFF"sv) && head.substr(8, 4) == "WEBP"sv)
    return ImageFormat::webp;
  if (head.starts_with("II*\0"sv) || head.starts_with("MM\0*"sv) || head.starts_with("II+\0"sv) ||
      head.starts_with("MM\0+"sv)) {
    return ImageFormat::tiff;
  }
  if (head.starts_with("BM"sv)) return ImageFormat::bmp;
  if (head.size() > 2 && head[0] == 'P' && head[1] >= '1' && head[1] <= '6') {
    return ImageFormat::pnm;
  }
  return std::nullopt;
}

std::string why_unread(std::span<const std::byte> file) {
  const std::string_view head = text(file.first(std::min<std::size_t>(file.size(), 200)));
  if (const auto format = find_signature(kUnread, head); !format.empty()) {
    return fmt::format("it is {}, which imgcls does not read: convert it to JPEG or PNG", format);
  }
  if (const auto thing = find_signature(kNoImages, head); !thing.empty()) {
    return fmt::format("it is not an image but {}", thing);
  }
  if (std::ranges::all_of(head, [](char c) { return c == 0; })) {
    return "it begins with zeros alone: its content was lost";
  }
  return "its first bytes are not those of a JPEG, PNG, BMP, WebP, TIFF or PNM image";
}

}  // namespace imgcls::data
