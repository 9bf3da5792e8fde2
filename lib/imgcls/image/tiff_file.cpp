#include <imgcls/image/tiff_file.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>

namespace imgcls::data {

/// What libtiff reads from, and the first error that it reported.
struct TiffFile::Input {
  std::span<const std::byte> bytes;
  std::uint64_t at = 0;
  std::array<char, 200> message{};

  static tmsize_t read(thandle_t handle, void* to, tmsize_t size) {
    auto* input = static_cast<Input*>(handle);
    const std::uint64_t end = input->bytes.size();
    const std::uint64_t left = end - std::min(input->at, end);
    const std::uint64_t count = std::min(left, static_cast<std::uint64_t>(size));
    if (count > 0) std::memcpy(to, &input->bytes[input->at], count);
    input->at += count;
    return static_cast<tmsize_t>(count);
  }
  static tmsize_t write(thandle_t /*handle*/, void* /*from*/, tmsize_t /*size*/) { return 0; }
  static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    auto* input = static_cast<Input*>(handle);
    const std::uint64_t from = whence == SEEK_CUR ? input->at : input->bytes.size();
    return input->at = whence == SEEK_SET ? offset : from + offset;
  }
  static int close(thandle_t /*handle*/) { return 0; }
  static toff_t size(thandle_t handle) { return static_cast<Input*>(handle)->bytes.size(); }

  static int on_error(TIFF* /*tiff*/, void* data, const char* /*module*/, const char* format,
                      std::va_list arguments) {
    auto& message = static_cast<Input*>(data)->message;
    if (message[0] == 0) std::vsnprintf(message.data(), message.size(), format, arguments);
    return 1;
  }
  static int on_warning(TIFF* /*tiff*/, void* /*data*/, const char* /*module*/,
                        const char* /*format*/, std::va_list /*arguments*/) {
    return 1;
  }
};

TiffFile::TiffFile(const ImageFile& file) : file_(file), input_(std::make_unique<Input>()) {
  input_->bytes = file.bytes;
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  // What a file may ask for at once: a block of the largest image, of four samples of 16 bits, and
  // libtiff's tables.
  constexpr std::size_t kTables = std::size_t{16} << 20;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(),
                                      static_cast<tmsize_t>(file.max_pixels * 8 + kTables));
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), Input::on_error, input_.get());
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), Input::on_warning, nullptr);
  // m: libtiff is to read, and not to map the file into memory.
  tiff_.reset(TIFFClientOpenExt("image", "rm", input_.get(), Input::read, Input::write, Input::seek,
                                Input::close, Input::size, nullptr, nullptr, options.get()));
  if (!tiff_) fail();
}

TiffFile::~TiffFile() = default;

void TiffFile::fail() const {
  refuse(input_->message[0] == 0 ? "the file is truncated or corrupt" : input_->message.data());
}

void TiffFile::refuse(std::string_view why) const {
  cannot_decode(file_.name, why);
}

}  // namespace imgcls::data
