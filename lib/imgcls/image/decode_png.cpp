#include <imgcls/image/decoders.h>

#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>

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

  /// Every kind becomes 8-bit RGB; a gamma and a colour profile change nothing, as with Pillow.
  bool read_rows(Image& image) {
    if (setjmp(input_.jump) != 0) return has_all_rows();
    png_set_expand_gray_1_2_4_to_8(png_);
    png_set_palette_to_rgb(png_);
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_gray_to_rgb(png_);
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_rowbytes(png_, info_) != std::size_t{3} * png_get_image_width(png_, info_)) {
      png_error(png_, "its samples are of an unknown kind");
    }
    for (int pass = 0; pass < passes; ++pass) {
      for (int y = 0; y < image.size.height; ++y) png_read_row(png_, image.row(y), nullptr);
    }
    return true;
  }
  const char* message() const { return input_.message.data(); }

 private:
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
  if (!png.read_rows(image)) cannot_decode(file.name, png.message());
}

}  // namespace imgcls::data
