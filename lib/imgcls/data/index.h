#pragma once
// The index of a data set: what is known of each sample without reading it. Made once by
// `imgcls prepare index` (prepare/make_index.h); docs/data.md describes the file byte by byte.

#include <imgcls/core/xxh3.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::data {

/// What an index is called in the folder it describes.
inline constexpr std::string_view kIndexName = "imgcls.index";

/// What holds the samples: image files in class folders, or tar files.
enum class IndexKind : std::uint32_t { folder = 0, shards = 1 };

/// Facts about a sample, as bits. Those of a JPEG come from its header; `corrupt` comes from a
/// decode of the whole image.
enum IndexFlag : std::uint32_t {
  kNotJpeg = 1U << 0,      ///< of another format: nothing but kCorrupt is known
  kProgressive = 1U << 1,  ///< a JPEG whose scans refine each other
  kArithmetic = 1U << 2,   ///< arithmetic entropy code
  kGrey = 1U << 3,         ///< a JPEG of one component
  kCmyk = 1U << 4,         ///< a JPEG of four components
  kYcck = 1U << 5,         ///< the same, as YCCK
  kRestarts = 1U << 6,     ///< a restart interval is set
  kOrientation = 1U << 7,  ///< EXIF asks for the image to be turned
  kCorrupt = 1U << 8,      ///< cannot be read or decoded: sources leave it out
  /// Sampling of a JPEG's first component: width (1 to 4) in bits 16 to 19, height in 20 to 23.
  kSampling = 0xFFU << 16,
};
inline constexpr std::uint32_t kSamplingShift = 16;  ///< where kSampling's bits begin
/// Bits that a reader knows; an index with others is refused.
inline constexpr std::uint32_t kKnownFlags = 0x1FFU | kSampling;

/// What an index says of a sample.
struct IndexSample {
  std::string_view name;      ///< path in the folder, or name of the member of the tar file
  std::uint32_t label = 0;    ///< its class
  std::uint32_t shard = 0;    ///< which tar file
  std::uint64_t offset = 0;   ///< in bytes in that tar file
  std::uint64_t bytes = 0;    ///< size of the image file
  std::int64_t modified = 0;  ///< folders: last change, nanoseconds since 1970
  std::uint64_t hash = 0;     ///< XXH3's 64 bits of the image file
  std::uint32_t width = 0;    ///< pixels; 0 where the sample is corrupt
  std::uint32_t height = 0;   ///< likewise
  std::uint32_t flags = 0;    ///< IndexFlag
  /// Where a decoder may start (image/jpeg/checkpoints.h); empty: at the file's start only.
  std::span<const std::byte> checkpoints;

  bool corrupt() const { return (flags & kCorrupt) != 0; }  ///< whether sources leave it out
};

/// What an index says of a tar file.
struct IndexShard {
  std::string_view name;      ///< its file name
  std::uint64_t bytes = 0;    ///< size of the file
  std::int64_t modified = 0;  ///< last change, nanoseconds since 1970
  Digest128 digest{};         ///< of the whole file
};

/// An index in memory: the file's bytes, all of whose numbers have been checked. Cheap to ask.
class Index {
 public:
  /// Reads the index at `path`. Throws IoError, and DataError when anything in it is wrong.
  static Index read(const std::filesystem::path& path);
  /// The same from memory; `name` is what messages call it.
  static Index parse(std::span<const std::byte> file, std::string_view name);

  IndexKind kind() const { return kind_; }  ///< what it was made of
  /// Samples, corrupt ones among them.
  std::size_t size() const { return samples_; }
  IndexSample sample(std::size_t i) const;        ///< number `i`, below size()
  std::size_t shards() const { return shards_; }  ///< tar files; none for a folder
  IndexShard shard(std::size_t i) const;          ///< number `i`, below shards()
  /// Names, in the order of their numbers.
  const std::vector<std::string>& classes() const { return classes_; }

  /// The data set's fingerprint: a SHA-256 of the classes' names and, for each sample that is not
  /// corrupt, in order, of its class, size and hash. The same for a folder and for its shards.
  std::string fingerprint() const;

 private:
  Index() = default;
  void check(std::string_view name);
  void check_header(std::string_view name);
  void check_digest(std::string_view name) const;
  void check_tables(std::string_view name);
  std::string_view text(std::uint64_t begin, std::uint64_t end) const;

  std::unique_ptr<std::byte[]> file_;
  std::size_t bytes_ = 0;
  IndexKind kind_ = IndexKind::folder;
  std::size_t samples_ = 0, shards_ = 0;
  std::vector<std::string> classes_;
  // Where the file's parts begin.
  std::size_t class_table_ = 0, shard_table_ = 0, sample_table_ = 0, text_ = 0, checkpoints_ = 0,
              end_ = 0;
};

/// The numbers of the samples that are not corrupt, in order: those that sources number.
class GoodSamples {
 public:
  /// `index` need not outlive it.
  explicit GoodSamples(const Index& index);
  std::size_t size() const { return all_ ? count_ : numbers_.size(); }  ///< how many there are
  /// The number in the index of the `i`-th good one.
  std::size_t operator[](std::size_t i) const { return all_ ? i : numbers_.at(i); }

 private:
  bool all_ = true;
  std::size_t count_ = 0;
  std::vector<std::uint32_t> numbers_;  // none where all are good
};

/// The index of `folder` where there is one: of that kind, and whole. Throws DataError where it is
/// neither, saying how to make it again.
std::optional<Index> find_index(const std::filesystem::path& folder, IndexKind kind,
                                const std::filesystem::path& file = {});

}  // namespace imgcls::data
