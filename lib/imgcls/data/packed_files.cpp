#include <imgcls/core/error.h>
#include <imgcls/core/file_signature.h>
#include <imgcls/core/new_file.h>
#include <imgcls/core/text.h>
#include <imgcls/data/archive.h>
#include <imgcls/data/packed_files.h>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <exception>
#include <memory>

namespace imgcls::data {
namespace {

constexpr FileSignature kSignatures[] = {
    {0, "\x1f\x8b", "gzip"},        {0, "BZh", "bzip2"},
    {0, "\xfd\x37zXZ", "xz"},       {0, "\x28\xb5\x2f\xfd", "zstd"},
    {0, "\x04\x22\x4d\x18", "lz4"}, {0, "PK\x03\x04", "zip"}};

struct Ending {
  std::string_view packed, plain;
};
constexpr std::array kEndings = {
    Ending{".tar.gz", ".tar"},   Ending{".tgz", ".tar"},     Ending{".tar.bz2", ".tar"},
    Ending{".tbz2", ".tar"},     Ending{".tbz", ".tar"},     Ending{".tar.xz", ".tar"},
    Ending{".txz", ".tar"},      Ending{".tar.zst", ".tar"}, Ending{".tar.zstd", ".tar"},
    Ending{".tzst", ".tar"},     Ending{".tar.lz4", ".tar"}, Ending{".tar.z", ".tar"},
    Ending{".tar.lzma", ".tar"}, Ending{".tlz", ".tar"}};

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

[[noreturn]] void fail(const Input& input, archive* reader) {
  if (input.thrown) std::rethrow_exception(input.thrown);
  const char* reason = archive_error_string(reader);
  throw DataError(fmt::format("{} cannot be unpacked: {}", input.file.path().string(),
                              reason ? reason : "unknown error"));
}

}  // namespace

std::string_view packer_of(std::span<const std::byte> begin) {
  return find_signature(kSignatures, {reinterpret_cast<const char*>(begin.data()), begin.size()});
}

std::string unpacked_name(std::string_view name) {
  const std::string lower = lower_case(name);
  for (const auto& [packed, plain] : kEndings) {
    if (!lower.ends_with(packed)) continue;
    return fmt::format("{}{}", name.substr(0, name.size() - packed.size()), plain);
  }
  return {};
}

bool unpack(const std::filesystem::path& from, const std::filesystem::path& to,
            const std::function<bool(std::uint64_t)>& go_on) {
  Input input{.file = ArchiveFile(from, /*hashed=*/false), .thrown = nullptr};
  const std::unique_ptr<archive, decltype(&archive_read_free)> owner(archive_read_new(),
                                                                     &archive_read_free);
  archive* const reader = owner.get();
  if (!reader) throw Error("libarchive cannot be used");
  // As bytes: members are looked at when they are listed.
  archive_read_support_format_raw(reader);
  archive_read_support_format_empty(reader);
  for (const auto support : {archive_read_support_filter_gzip, archive_read_support_filter_bzip2,
                             archive_read_support_filter_xz, archive_read_support_filter_lzma,
                             archive_read_support_filter_zstd, archive_read_support_filter_lz4,
                             archive_read_support_filter_compress}) {
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
