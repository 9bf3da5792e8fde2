#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/data/staging.h>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace imgcls::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kCopyPiece = std::uint64_t{8} << 20;
constexpr std::size_t kNameDigits = 16;           // of the fingerprint
constexpr std::string_view kTemporary = ".tmp-";  // then the process's number

Index index_of(const fs::path& from) {
  auto index = find_index(from, IndexKind::shards);
  if (index) return *std::move(index);
  throw DataError(
      fmt::format("{} has no index, which staging needs; make it with `imgcls prepare index {}`",
                  from.string(), from.string()));
}

/// The size of a file; nothing where it is not there.
std::optional<std::uint64_t> size_of(const fs::path& path) {
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  return error ? std::nullopt : std::optional<std::uint64_t>(bytes);
}

/// Removes what killed runs left half-copied. One that is under way changes its file all the time.
void remove_leftovers(const fs::path& folder) {
  constexpr std::chrono::hours kOld(1);
  std::vector<fs::path> leftovers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const bool temporary = entry.path().extension().string().starts_with(kTemporary);
    const auto changed = entry.last_write_time(error);
    if (temporary && !error && fs::file_time_type::clock::now() - changed > kOld) {
      leftovers.push_back(entry.path());
    }
  }
  for (const fs::path& file : leftovers) remove_tree(file);
}

}  // namespace

/// One shard being read from its beginning to its end: to look whether it is whole, or to copy it.
struct Staging::Pass {
  explicit Pass(const fs::path& path) : in(path) {}
  InputFile in;
  std::unique_ptr<NewFile> out;  // none where it is only looked at
  Xxh3 digest;
  std::uint64_t at = 0;
};

Staging::Staging(const fs::path& from, const fs::path& stage_dir, int part, int parts)
    : from_(from), index_(index_of(from)), first_(part == 0) {
  to_ = stage_dir / index_.fingerprint().substr(0, kNameDigits);
  for (std::size_t i = static_cast<std::size_t>(part); i < index_.shards();
       i += static_cast<std::size_t>(parts)) {
    shards_.push_back(i);
    total_ += index_.shard(i).bytes;
  }
  make_folders(to_);
  if (first_) remove_leftovers(to_);
  check_space();
}

Staging::~Staging() = default;

void Staging::check_space() const {
  std::uint64_t missing = 0;
  for (std::size_t i = 0; i < index_.shards(); ++i) {
    const IndexShard shard = index_.shard(i);
    if (size_of(to_ / shard.name) != shard.bytes) missing += shard.bytes;
  }
  const std::uint64_t free = free_bytes(to_);
  if (missing <= free) return;
  throw IoError(fmt::format(
      "{} shards of {} need {:.1f} GB more, and the disk of {} has {:.1f} GB; free some, or leave "
      "data.stage_dir empty",
      index_.shards(), from_.string(), static_cast<double>(missing) * 1e-9, to_.string(),
      static_cast<double>(free) * 1e-9));
}

bool Staging::work(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  do {
    if (at_ == shards_.size()) {
      if (first_ && !std::exchange(indexed_, true)) copy_index();
      return true;
    }
    if (!pass_) begin();
    go_on();
  } while (std::chrono::steady_clock::now() < until);
  return false;
}

void Staging::begin() {
  const IndexShard shard = index_.shard(shards_[at_]);
  const fs::path there = to_ / shard.name;
  if (size_of(there) != shard.bytes) copy_ = true;
  if (!copy_) {
    pass_ = std::make_unique<Pass>(there);
    return;
  }
  pass_ = std::make_unique<Pass>(from_ / shard.name);
  if (pass_->in.bytes() != shard.bytes) {
    throw DataError(fmt::format("{} has {} bytes and had {} when it was indexed; index it again",
                                pass_->in.path().string(), pass_->in.bytes(), shard.bytes));
  }
  // Jobs that stage the same data at once must not write into one file.
  pass_->out = std::make_unique<NewFile>(there, fmt::format("{}{}", kTemporary, ::getpid()));
}

void Staging::go_on() {
  Pass& pass = *pass_;
  std::vector<std::byte> piece(std::min(kCopyPiece, pass.in.bytes() - pass.at));
  pass.in.read(pass.at, piece);
  pass.digest.update(piece);
  if (pass.out) pass.out->write(piece);
  pass.at += piece.size();
  done_ += piece.size();
  if (pass.at == pass.in.bytes()) finish_pass();
}

void Staging::finish_pass() {
  const IndexShard shard = index_.shard(shards_[at_]);
  const bool right = pass_->digest.digest() == shard.digest;
  if (right) {
    if (pass_->out) pass_->out->commit();
    ++at_;
    copy_ = false;
  } else if (pass_->out) {
    throw DataError(
        fmt::format("{} is not what it was when it was indexed (XXH3 {}, then {}); index it again",
                    pass_->in.path().string(), hex(pass_->digest.digest()), hex(shard.digest)));
  } else {  // something else is there
    done_ -= pass_->at;
    copy_ = true;
  }
  pass_.reset();
}

void Staging::copy_index() const {
  const std::vector<std::byte> bytes = read_file(from_ / kIndexName);
  NewFile file(to_ / kIndexName, fmt::format("{}{}", kTemporary, ::getpid()));
  file.write(bytes);
  file.commit();
}

}  // namespace imgcls::data
