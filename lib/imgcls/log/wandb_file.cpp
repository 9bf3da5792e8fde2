#include <imgcls/core/file.h>
#include <imgcls/log/wandb_file.h>
#include <imgcls/log/wandb_log.h>
#include <imgcls/log/wandb_proto.h>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace imgcls::report {
namespace {

namespace record = wandb::record;

/// Asks `keep` about a record; one that is no such message is not kept.
bool keeps(const WandbFile::Keep& keep, const std::string& text) {
  try {
    protozero::pbf_reader reader(text);
    while (reader.next()) {
      if (reader.tag() == record::number ||
          reader.wire_type() != protozero::pbf_wire_type::length_delimited) {
        reader.skip();
        continue;
      }
      const auto kind = static_cast<int>(reader.tag());
      const protozero::data_view message = reader.get_view();
      return keep(kind, {message.data(), message.size()});
    }
    return true;
  } catch (const protozero::exception&) {
    return false;
  }
}

}  // namespace

WandbFile::WandbFile(const std::filesystem::path& path, const Keep& keep) {
  const std::string text = std::filesystem::exists(path) ? read_text(path) : std::string();
  WandbRecords records(text);
  while (const auto each = records.next()) {
    if (!keeps(keep, *each)) break;
    ++records_;
    size_ = records.end();
  }
  if (size_ < text.size()) cut_file(path, size_);
  file_ = std::make_unique<AppendFile>(path);
  if (size_ == 0) append(kWandbHead);
}

void WandbFile::add(int kind, std::string_view message) {
  std::string text;
  protozero::pbf_writer out(text);
  out.add_int64(record::number, ++records_);
  out.add_message(static_cast<protozero::pbf_tag_type>(kind), message.data(), message.size());
  append(wandb_frames(text, size_));
}

void WandbFile::append(std::string_view bytes) {
  file_->add(bytes);
  size_ += bytes.size();
}

}  // namespace imgcls::report
