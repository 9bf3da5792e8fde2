#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/input_file.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/data/class_names.h>
#include <imgcls/data/member_name.h>
#include <imgcls/data/tar.h>
#include <imgcls/prepare/shard_writer.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kWritePiece = std::size_t{4} << 20;

std::string cls_of(const ShardSample& sample) {
  return std::to_string(sample.label);
}

// JSON has UTF-8 alone.
std::string json_of(const ShardSample& sample) {
  return json{{"class", quote_name(sample.class_name)},
              {"label", sample.label},
              {"path", quote_name(sample.path)}}
      .dump();
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

void check_names(const ShardSample& sample) {
  const std::string member = sample.key + ".cls";
  const auto read = split_member_name(member);  // as a reader will
  if (sample.key.empty() || !read || read->key != sample.key) {
    throw DataError(
        fmt::format("'{}' cannot be a sample's key: it is empty, has a dot behind its last slash "
                    "or at a part's begin, or is called like what readers pass over (__x__, "
                    "__MACOSX)",
                    sample.key));
  }
  if (sample.extension.empty() || sample.extension.find_first_of("./") != std::string::npos ||
      sample.extension == "cls" || sample.extension == "json") {
    throw DataError(
        fmt::format("'{}' cannot be the extension of the image {}", sample.extension, sample.key));
  }
}

fs::path record_path(fs::path shard) {
  return shard += ".done";
}

}  // namespace

std::string shard_name(std::size_t number) {
  return fmt::format("shard-{:06}.tar", number);
}

bool is_full(const ShardLimits& limits, std::size_t samples, std::uint64_t bytes,
             std::uint64_t next) {
  if (samples == 0) return false;
  return (limits.samples > 0 && samples >= limits.samples) ||
         (limits.bytes > 0 && bytes + next + kShardEnd > limits.bytes);
}

std::uint64_t shard_bytes(const ShardSample& sample, std::uint64_t image_bytes) {
  return 3 * kTarBlock + tar_padded(cls_of(sample).size()) + tar_padded(image_bytes) +
         tar_padded(json_of(sample).size());
}

std::uint64_t image_offset(const ShardSample& sample) {
  return 2 * kTarBlock + tar_padded(cls_of(sample).size());
}

ShardFile::ShardFile(const fs::path& path) : path_(path), file_(path) {
  pending_.reserve(kWritePiece + kTarBlock);
}

ShardFile::Member ShardFile::add(const ShardSample& sample) {
  check_names(sample);
  put(sample.key + ".cls", bytes_of(cls_of(sample)));
  Member member{fmt::format("{}.{}", sample.key, sample.extension), written_ + kTarBlock};
  put(member.name, sample.bytes);
  put(sample.key + ".json", bytes_of(json_of(sample)));
  ++samples_;
  return member;
}

void ShardFile::put(std::string_view name, std::span<const std::byte> bytes) {
  put_raw(ustar_header(name, bytes.size()));
  put_raw(bytes);
  const std::vector<std::byte> padding(tar_padded(bytes.size()) - bytes.size());
  put_raw(padding);
}

void ShardFile::put_raw(std::span<const std::byte> bytes) {
  written_ += bytes.size();
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  if (pending_.size() >= kWritePiece) flush();
}

void ShardFile::flush() {
  digest_.update(pending_);
  file_.write(pending_);
  pending_.clear();
}

ShardFileRecord ShardFile::finish(const std::string& plan) {
  put_raw(std::vector<std::byte>(kShardEnd));
  flush();
  file_.commit();
  ShardFileRecord record{written_, digest_.digest(), samples_, plan};
  write_shard_record(path_, record);
  return record;
}

void write_shard_record(const fs::path& shard, const ShardFileRecord& record) {
  const json text{{"bytes", record.bytes},
                  {"digest", hex(record.digest)},
                  {"samples", record.samples},
                  {"plan", record.plan}};
  replace_file(record_path(shard), text.dump());
}

void write_class_names(const fs::path& folder, std::span<const std::string> classes) {
  replace_file(folder / "classes.txt", class_names_text(classes));
}

std::optional<ShardFileRecord> find_shard(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error) || !fs::exists(record_path(path), error)) return std::nullopt;
  ShardFileRecord record;
  try {
    const json said = json::parse(read_text(record_path(path)));
    record = {said.at("bytes"), {}, said.at("samples"), said.at("plan")};
    if (!from_hex(said.at("digest").get<std::string>(), record.digest)) return std::nullopt;
  } catch (const json::exception&) {
    return std::nullopt;
  }
  const InputFile file(path);
  if (file.bytes() != record.bytes || digest_of(file) != record.digest) return std::nullopt;
  return record;
}

void remove_shard_records(const fs::path& folder) {
  std::vector<fs::path> records;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().string().ends_with(".tar.done")) records.push_back(entry.path());
  }
  for (const fs::path& record : records) remove_tree(record);
}

ShardWriter::ShardWriter(fs::path folder, ShardLimits limits)
    : folder_(std::move(folder)), limits_(limits) {
  make_folders(folder_);
  while (const auto record = find_shard(next_path())) {
    kept_ += record->samples;
    ++number_;
  }
}

ShardWriter::~ShardWriter() = default;

fs::path ShardWriter::next_path() const {
  return folder_ / shard_name(number_);
}

void ShardWriter::add(const ShardSample& sample) {
  const std::uint64_t next = shard_bytes(sample, sample.bytes.size());
  if (shard_ && is_full(limits_, shard_->samples(), shard_->bytes(), next)) {
    shard_->finish();
    shard_.reset();
    ++number_;
  }
  if (!shard_) shard_ = std::make_unique<ShardFile>(next_path());
  shard_->add(sample);
}

void ShardWriter::finish(std::span<const std::string> classes) {
  if (shard_) {
    shard_->finish();
    shard_.reset();
    ++number_;
  }
  // Of an earlier run with more samples.
  for (; fs::exists(next_path()); ++number_) {
    remove_tree(record_path(next_path()));
    remove_tree(next_path());
  }
  write_class_names(folder_, classes);
}

}  // namespace imgcls::data
