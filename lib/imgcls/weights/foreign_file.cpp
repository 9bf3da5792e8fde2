#include <imgcls/core/file_signature.h>
#include <imgcls/core/text.h>
#include <imgcls/core/utf8.h>
#include <imgcls/weights/foreign_file.h>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace imgcls::weights {
namespace {

using namespace std::literals;

constexpr FileSignature kForeign[] = {
    {0, "version https://git-lfs.github.com/spec/"sv,
     "a Git LFS pointer, which stands for the file: run `git lfs pull` where it was cloned"sv},
    {0, "\x1F\x8B"sv, "compressed by gzip: unpack it (gunzip), and take the file in it"sv},
    {0, "BZh"sv, "compressed by bzip2: unpack it (bunzip2), and take the file in it"sv},
    {0, "\xFD\x37zXZ\0"sv, "compressed by xz: unpack it (unxz), and take the file in it"sv},
    {0, "\x28\xB5\x2F\xFD"sv, "compressed by zstd: unpack it (unzstd), and take the file in it"sv},
    {0, "\x04\x22\x4D\x18"sv, "compressed by lz4: unpack it (unlz4), and take the file in it"sv},
    {0, "7z\xBC\xAF\x27\x1C"sv, "a 7z archive: unpack it, and take the file in it"sv},
    {0, "Rar!\x1A\x07"sv, "a RAR archive: unpack it, and take the file in it"sv},
    {257, "ustar"sv,
     "a tar archive: unpack it, and take the file in it; one in the tar format of before "
     "PyTorch "
     "0.1.10 is to be loaded in Python, and saved again"sv},
    {0, "\x89HDF\r\n\x1A\n"sv,
     "an HDF5 file, as Keras and TensorFlow write: convert it to PyTorch's names in Python"sv},
    {0, "\x93NUMPY"sv, "a NumPy array: save a state dict by torch.save or safetensors"sv},
    {0, "GGUF"sv, "a GGUF file: convert it to safetensors in Python"sv},
    {4, "TFL3"sv, "a TensorFlow Lite model: take the weights that it was made of"sv},
    {0, "\x89PNG"sv, "a PNG image"sv},
    {0, "\xFF\xD8\xFF"sv, "a JPEG image"sv},
    {0, "%PDF-"sv, "a PDF document"sv},
    {0,
     "\x7F"
     "ELF"sv,
     "a program or a library"sv},
};

/// Of a text, as much as a message shows.
constexpr std::size_t kShown = 60;

std::string_view text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The last character may be cut off.
bool is_text(std::string_view text) {
  constexpr std::size_t kLongestCharacter = 4;
  const auto is_first = [](char byte) { return (byte & 0xC0) != 0x80; };
  for (std::size_t cut = 0; cut < kLongestCharacter && text.size() > kLongestCharacter; ++cut) {
    const bool found = is_first(text.back());
    text.remove_suffix(1);
    if (found) break;
  }
  return is_utf8(text) && std::ranges::all_of(text, [](unsigned char c) {
           return c >= 0x20 ? c != 0x7F : (c == '\n' || c == '\r' || c == '\t');
         });
}

/// The protocol buffer of a model begins with a version, and then one of its other fields.
bool is_onnx(std::string_view head) {
  constexpr std::string_view kNext = "\x12\x1A\x22\x28\x32\x3A\x42";
  return head.size() > 2 && head[0] == '\x08' && head[1] >= 2 && head[1] < 0x20 &&
         kNext.find(head[2]) != kNext.npos;
}

std::string describe_text(std::string_view head) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF", kBlanks = " \t\r\n";
  if (head.starts_with(kMark)) head.remove_prefix(kMark.size());
  head.remove_prefix(std::min(head.size(), head.find_first_not_of(kBlanks)));
  for (const std::string_view tag : {"<!doctype html", "<html", "<head", "<body", "<!--"}) {
    if (lower_case(head.substr(0, tag.size())) == tag) {
      return "a web page, such as one that asks to sign in: download the file itself";
    }
  }
  if (head.find("\"weight_map\"") != head.npos) {
    return "the index of weights that are split over several files: join those in Python, and save "
           "one";
  }
  const std::string shown(head.substr(0, std::min(kShown, head.find_first_of("\r\n"))));
  return fmt::format("a text that begins with \"{}\": download the file itself", shown);
}

}  // namespace

std::string describe_foreign(const ByteSource& file) {
  constexpr std::uint64_t kHead = 512;
  if (file.size() == 0) return "empty: copy or download it again";
  const auto bytes = file.bytes(0, std::min(file.size(), kHead));
  const std::string_view head = text_of(bytes);
  if (const auto what = find_signature(kForeign, head); !what.empty()) return std::string(what);
  if (head.find_first_not_of('\0') == head.npos) {
    return "nothing but zeros at its beginning: a copy or download of it did not end";
  }
  if (head.starts_with("\x08\x01\x12")) {
    return "a TensorFlow SavedModel: convert it to PyTorch's names in Python";
  }
  if (is_onnx(head) || file.name().ends_with(".onnx")) {
    return "an ONNX model, which holds a graph: take the weights that it was exported from";
  }
  if (is_text(head)) return describe_text(head);
  if (head.size() > 1 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5) {
    return "a pickle that torch.save did not write: load it in Python, and save a state dict by "
           "torch.save; nothing in it is run";
  }
  return "of no format that is known here; expected safetensors, or a file of torch.save";
}

}  // namespace imgcls::weights
