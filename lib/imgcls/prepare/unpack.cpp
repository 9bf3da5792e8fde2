#include <imgcls/core/error.h>
#include <imgcls/core/input_file.h>
#include <imgcls/core/little_endian.h>
#include <imgcls/core/new_file.h>
#include <imgcls/data/packed_files.h>
#include <imgcls/prepare/archive.h>
#include <imgcls/prepare/unpack.h>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <exception>
#include <memory>
#include <span>
#include <string_view>

namespace imgcls::data {
namespace {

/// A file's bytes for libarchive, and what reading them threw, which cannot pass through it.
struct Input {
  ArchiveFile file;
  std::exception_ptr thrown;

  static la_ssize_t on_read(archive* reader, void* self, const void** bytes) {
    auto& input = *static_cast<Input*>(self);
    try {
      const auto block = input.file.next_block();
      *bytes = block.data();
      return static_cast<la_ssize_t>(block.size());
    } catch (...) {
      input.thrown = std::current_exception();
      archive_set_error(reader, EIO, "cannot be read");
      return -1;
    }
  }
};

/// How many bytes at the file's beginning are frames that zstd's readers pass over. libarchive
/// does so between other frames alone.
std::uint64_t skippable_bytes(const std::filesystem::path& path) {
  const InputFile file(path);
  std::uint64_t at = 0;
  std::array<std::byte, 8> head{};  // a mark, and the size of what follows
  while (file.bytes() - at >= head.size()) {
    file.read(at, head);
    const std::string_view mark(reinterpret_cast<const char*>(head.data()), 4);
    const bool is_skippable = (mark[0] & 0xf0) == 0x50 && mark.ends_with(kSkippableFrame);
    const std::uint64_t frame = head.size() + load_le<std::uint32_t>(std::span(head).subspan(4));
    if (!is_skippable || frame > file.bytes() - at) break;
    at += frame;
  }
  return at;
}

[[noreturn]] void fail(const Input& input, archive* reader) {
  if (input.thrown) std::rethrow_exception(input.thrown);
  const char* reason = archive_error_string(reader);
  throw DataError(fmt::format("{} cannot be unpacked: {}", input.file.path().string(),
                              reason ? reason : "unknown error"));
}

}  // namespace

bool unpack(const std::filesystem::path& from, const std::filesystem::path& to,
            const std::function<bool(std::uint64_t)>& go_on) {
  Input input{.file = ArchiveFile(from, /*hashed=*/false), .thrown = nullptr};
  input.file.skip(skippable_bytes(from));
  const std::unique_ptr<archive, decltype(&archive_read_free)> owner(archive_read_new(),
                                                                     &archive_read_free);
  archive* const reader = owner.get();
  if (!reader) throw Error("libarchive cannot be used");
  // As bytes: members are looked at when they are listed.
  archive_read_support_format_raw(reader);
  archive_read_support_format_empty(reader);
  for (const auto support :
       {archive_read_support_filter_gzip, archive_read_support_filter_bzip2,
        archive_read_support_filter_xz, archive_read_support_filter_lzma,
        archive_read_support_filter_zstd, archive_read_support_filter_lz4,
        archive_read_support_filter_lzip, archive_read_support_filter_compress}) {
    support(reader);
  }
  archive_read_set_callback_data(reader, &input);
  archive_read_set_read_callback(reader, &Input::on_read);
  archive_entry* entry = nullptr;
  if (archive_read_open1(reader) != ARCHIVE_OK) fail(input, reader);
  NewFile out(to);
  if (const int status = archive_read_next_header(reader, &entry); status != ARCHIVE_EOF) {
    if (status != ARCHIVE_OK) fail(input, reader);
    for (;;) {
      const void* data = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int got = archive_read_data_block(reader, &data, &size, &offset);
      if (got == ARCHIVE_EOF) break;
      if (got != ARCHIVE_OK) fail(input, reader);
      out.write({static_cast<const std::byte*>(data), size});
      if (!go_on(input.file.position())) return false;
    }
  }
  out.commit();
  return true;
}

}  // namespace imgcls::data
