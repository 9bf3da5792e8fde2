#include <imgcls/core/little_endian.h>
#include <imgcls/core/zip_file.h>
#include <imgcls/core/zip_format.h>

#include <algorithm>
#include <initializer_list>

namespace imgcls {
namespace {

using namespace zip;
using Buffer = std::vector<std::byte>;

void append(Buffer& to, std::span<const std::byte> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void append_text(Buffer& to, std::string_view text) {
  append(to, std::as_bytes(std::span(text)));
}

/// A number in its 32-bit field.
void append_narrow(Buffer& to, std::uint64_t number) {
  append_le(to, static_cast<std::uint32_t>(std::min(number, kLimit)));
}

/// The extra field with those of `numbers` that do not fit into 32 bits; nothing where all do.
Buffer extra64(std::initializer_list<std::uint64_t> numbers) {
  Buffer wide;
  for (const std::uint64_t number : numbers) {
    if (number >= kLimit) append_le(wide, number);
  }
  if (wide.empty()) return wide;
  Buffer field;
  append_le(field, kExtra64);
  append_le(field, static_cast<std::uint16_t>(wide.size()));
  append(field, wide);
  return field;
}

/// What the local header and the directory's entry have in common.
void append_common(Buffer& to, std::uint32_t crc, std::uint64_t size, std::size_t name_size,
                   std::size_t extra_size) {
  append_le<std::uint16_t>(to, 0);  // the version that it takes: any
  append_le<std::uint16_t>(to, kUtf8);
  append_le<std::uint16_t>(to, 0);       // stored
  append_le<std::uint16_t>(to, 0);       // no time
  append_le<std::uint16_t>(to, 0x0021);  // 1980-01-01
  append_le<std::uint32_t>(to, crc);
  append_narrow(to, size);
  append_narrow(to, size);
  append_le(to, static_cast<std::uint16_t>(name_size));
  append_le(to, static_cast<std::uint16_t>(extra_size));
}

/// An extra field of the kind 'FB', PyTorch's, that fills the way to the next multiple of 64.
void append_padding(Buffer& extra, std::uint64_t begin) {
  constexpr std::uint64_t kAlignment = 64, kFieldHeader = 4;
  const std::uint64_t end = begin + extra.size() + kFieldHeader;
  const auto padding = static_cast<std::uint16_t>((kAlignment - end % kAlignment) % kAlignment);
  append_text(extra, "FB");
  append_le(extra, padding);
  extra.insert(extra.end(), padding, std::byte{'Z'});
}

}  // namespace

void ZipWriter::write(std::span<const std::byte> bytes) {
  sink_(bytes);
  size_ += bytes.size();
}

void ZipWriter::add(std::string_view name, std::string_view text) {
  add(name, std::as_bytes(std::span(text)));
}

void ZipWriter::add(std::string_view name, std::span<const std::byte> bytes) {
  const std::uint64_t local = size_, size = bytes.size();
  const std::uint32_t crc = zip::crc32(0, bytes.data(), bytes.size());

  Buffer extra = extra64({size, size});
  append_padding(extra, local + kLocalSize + name.size());
  Buffer header;
  append_le(header, kLocalHeader);
  append_common(header, crc, size, name.size(), extra.size());
  append_text(header, name);
  append(header, extra);
  write(header);
  write(bytes);

  const Buffer entry_extra = extra64({size, size, local});
  append_le(directory_, kDirectoryEntry);
  append_le<std::uint16_t>(directory_, 0);  // made by: unknown
  append_common(directory_, crc, size, name.size(), entry_extra.size());
  append_le<std::uint16_t>(directory_, 0);  // no comment
  append_le<std::uint16_t>(directory_, 0);  // first disk
  append_le<std::uint16_t>(directory_, 0);  // no attributes
  append_le<std::uint32_t>(directory_, 0);
  append_narrow(directory_, local);
  append_text(directory_, name);
  append(directory_, entry_extra);
  ++entries_;
}

void ZipWriter::finish() {
  const std::uint64_t begin = size_, size = directory_.size();
  Buffer end;
  if (begin >= kLimit || size >= kLimit || entries_ >= kCountLimit) {
    append_le(end, kEnd64);
    append_le<std::uint64_t>(end, kEnd64Size - 12);  // of this record, behind this field
    append_le<std::uint16_t>(end, 45);               // made by, and it takes: version 4.5
    append_le<std::uint16_t>(end, 45);
    append_le<std::uint64_t>(end, 0);  // this disk, and the directory's: the first
    append_le(end, entries_);
    append_le(end, entries_);
    append_le(end, size);
    append_le(end, begin);
    append_le(end, kEnd64Locator);
    append_le<std::uint32_t>(end, 0);  // the disk of that record
    append_le(end, begin + size);
    append_le<std::uint32_t>(end, 1);  // disks
  }
  const auto count = static_cast<std::uint16_t>(std::min<std::uint64_t>(entries_, kCountLimit));
  append_le(end, kDirectoryEnd);
  append_le<std::uint32_t>(end, 0);  // this disk, and the directory's: the first
  append_le(end, count);
  append_le(end, count);
  append_narrow(end, size);
  append_narrow(end, begin);
  append_le<std::uint16_t>(end, 0);  // no comment
  write(directory_);
  write(end);
}

std::vector<std::byte> zip_in_memory(const std::function<void(ZipWriter&)>& fill) {
  Buffer file;
  ZipWriter writer([&file](std::span<const std::byte> bytes) { append(file, bytes); });
  fill(writer);
  writer.finish();
  return file;
}

}  // namespace imgcls
