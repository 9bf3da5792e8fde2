#pragma once
// A TIFF file in memory, opened by libtiff. Internal to imgcls::data.

#include <imgcls/image/decoders.h>

#include <tiffio.h>

#include <array>
#include <cstdint>
#include <memory>

namespace imgcls::data {

/// Its first page. Every member throws DataError where libtiff fails, with libtiff's first message.
class TiffFile {
 public:
  explicit TiffFile(const ImageFile& file);
  ~TiffFile();
  TiffFile(const TiffFile&) = delete;
  TiffFile& operator=(const TiffFile&) = delete;

  TIFF* get() const { return tiff_.get(); }

  /// A field's value, or what a file without it means.
  template <class T>
  T field(std::uint32_t tag, T missing) const {
    T value = missing;
    return TIFFGetFieldDefaulted(tiff_.get(), tag, &value) == 1 ? value : missing;
  }

  [[noreturn]] void fail() const;
  [[noreturn]] void refuse(std::string_view why) const;

 private:
  struct Input;
  struct Close {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  };

  const ImageFile& file_;
  std::unique_ptr<Input> input_;  // libtiff keeps its address
  std::unique_ptr<TIFF, Close> tiff_;
};

}  // namespace imgcls::data
