#include <imgcls/image/decoders.h>
#include <imgcls/image/grey16.h>

#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <vector>

namespace imgcls::data {
namespace {

/// What libpng reads from, and where to go on after an error.
struct Input {
  std::span<const std::byte> left;
  bool ended = false;  ///< more was asked for than there is
  std::jmp_buf jump{};
  std::array<char, 128> message{};
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* input = static_cast<Input*>(png_get_error_ptr(png));
  std::snprintf(input->message.data(), input->message.size(), "%s", message);
  std::longjmp(input->jump, 1);
}

void on_warning(png_structp /*png*/, png_const_charp /*message*/) {}

// Four bytes at the end may be missing: those of a checksum, of which Pillow takes no notice.
void on_read(png_structp png, png_bytep to, std::size_t size) {
  constexpr std::size_t kChecksum = 4;
  auto* input = static_cast<Input*>(png_get_io_ptr(png));
  const std::size_t count = std::min(size, input->left.size());
  if (count < size) input->ended = true;
  if (size - count > kChecksum) png_error(png, "the file is truncated");
  std::copy_n(reinterpret_cast<const png_byte*>(input->left.data()), count, to);
  std::fill_n(to + count, size - count, png_byte{0});
  input->left = input->left.subspan(count);
}

/// libpng's state. It reports errors by longjmp, which runs no destructors: each member function
/// that calls it sets the jump's target itself, holds nothing that has a destructor, and returns
/// false after an error.
class PngReader {
 public:
  explicit PngReader(std::span<const std::byte> file) {
    input_.left = file;
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &input_, on_error, on_warning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  bool read_header() {
    if (info_ == nullptr || setjmp(input_.jump) != 0) return false;
    png_set_read_fn(png_, &input_, on_read);
    // Where the end is cut off, zlib's checksum is, too; the chunk's own covers the same bytes.
    png_set_option(png_, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the product is looked at
    png_read_info(png_, info_);
    return true;
  }
  std::uint64_t width() const { return png_get_image_width(png_, info_); }
  std::uint64_t height() const { return png_get_image_height(png_, info_); }

  bool has_16_bits() const { return png_get_bit_depth(png_, info_) == 16; }
  bool is_grey() const { return (png_get_color_type(png_, info_) & PNG_COLOR_MASK_COLOR) == 0; }

  /// Every kind becomes 8-bit RGB; a gamma and a colour profile change nothing, as with Pillow.
  bool read_rgb(std::span<std::uint8_t> pixels) {
    if (setjmp(input_.jump) != 0) return has_all_rows();
    png_set_expand_gray_1_2_4_to_8(png_);
    png_set_palette_to_rgb(png_);
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_gray_to_rgb(png_);
    read_rows(pixels);
    return true;
  }

  /// Samples of 16 bits, big-endian, grey or RGB.
  bool read_16_bits(std::span<std::uint8_t> samples) {
    if (setjmp(input_.jump) != 0) return has_all_rows();
    png_set_strip_alpha(png_);
    read_rows(samples);
    return true;
  }
  const char* message() const { return input_.message.data(); }

 private:
  // Jumps to its caller after an error.
  void read_rows(std::span<std::uint8_t> rows) {
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    const std::size_t height = png_get_image_height(png_, info_);
    const std::size_t row_bytes = png_get_rowbytes(png_, info_);
    if (row_bytes * height != rows.size()) png_error(png_, "its samples are of an unknown kind");
    for (int pass = 0; pass < passes; ++pass) {
      for (std::size_t y = 0; y < height; ++y) {
        png_read_row(png_, rows.data() + y * row_bytes, nullptr);
      }
    }
  }

  // Pillow asks for no more than the pixels: what follows them, checksums and the end chunk, may be
  // cut off. libpng counts a row before it reads what follows the last one.
  bool has_all_rows() const {
    if (!input_.ended) return false;
    return png_get_interlace_type(png_, info_) == PNG_INTERLACE_NONE
               ? png_get_current_row_number(png_) >= png_get_image_height(png_, info_)
               : png_get_current_pass_number(png_) >= PNG_INTERLACE_ADAM7_PASSES;
  }

  Input input_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

void decode_png(const ImageFile& file, Image& image) {
  PngReader png(file.bytes);
  if (!png.read_header()) cannot_decode(file.name, png.message());
  allocate(image, checked_size(file, png.width(), png.height()));
  if (!png.read_rgb(image.pixels)) cannot_decode(file.name, png.message());
}

bool decode_png_grey16(const ImageFile& file, Image& image) {
  PngReader png(file.bytes);
  if (!png.read_header()) cannot_decode(file.name, png.message());
  if (!png.has_16_bits()) return false;
  allocate(image, checked_size(file, png.width(), png.height()));
  const std::size_t step = png.is_grey() ? 2 : 6;
  std::vector<std::uint8_t> samples(image.pixels.size() / 3 * step);
  if (!png.read_16_bits(samples)) cannot_decode(file.name, png.message());
  for (std::size_t i = 0; i < image.pixels.size() / 3; ++i) {
    const std::uint8_t* in = &samples[i * step];
    set_grey16(&image.pixels[3 * i],
               png.is_grey()
                   ? grey16(in)
                   : static_cast<std::uint16_t>(luma(grey16(in), grey16(in + 2), grey16(in + 4))));
  }
  image.bits = 16;
  return true;
}

}  // namespace imgcls::data
