#pragma once
// What earlier indexes say of samples, so that they need not be read again. Internal to
// imgcls::data.

#include <imgcls/data/index.h>
#include <imgcls/prepare/sample_files.h>

#include <filesystem>
#include <list>
#include <string>
#include <unordered_map>

namespace imgcls::data {

class KnownSamples {
 public:
  /// Learns from the index at `path`, if it is there; one that is broken is left out and noted.
  void add(const std::filesystem::path& path);

  /// Fills in what is known of `sample` of `content`, whose file is in `state` now. False: nothing,
  /// or its file is not in the state it was indexed in, or it was corrupt.
  bool fill_in(const IndexContent& content, SampleRecord& sample, const FileState& state) const;

  /// The digest of a tar file that has not changed since; nothing where that is not known.
  std::optional<Digest128> digest(const ShardRecord& shard) const;

  /// Why an index was left out; empty: none was.
  const std::string& note() const { return note_; }

 private:
  struct Place {
    const Index* index;
    std::size_t number;
  };
  std::list<Index> indexes_;
  std::unordered_map<std::string, IndexShard> shards_;
  std::unordered_map<std::string, Place> places_;  // by the shard's name and the sample's
  std::string note_;
};

}  // namespace imgcls::data
