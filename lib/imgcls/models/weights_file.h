#pragma once
// A file of weights, safetensors or .pth, open for reading: what it holds is known, and values are
// read where they are wanted, once.

#include <imgcls/core/byte_source.h>
#include <imgcls/models/model.h>
#include <imgcls/weights/listing.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::models {

/// A file that stays open.
class WeightsFile {
 public:
  /// What a reader of one format is.
  using Parse = std::function<weights::Listing(const ByteSource&)>;

  /// Opens and checks a file of the format that its first bytes tell. `key` chooses what it holds
  /// under that key (weights/parse.h). Names are without what wrappers put into them
  /// (weights/wrappers.h). Throws WeightsError naming the file and what is wrong with it
  /// (weights/safetensors.h, weights/pth.h), or IoError.
  explicit WeightsFile(const std::filesystem::path& path, std::string_view key = "");
  /// The same for the format that `parse` reads, with the names that it gives.
  WeightsFile(const std::filesystem::path& path, const Parse& parse);

  /// What the file holds: names, types, shapes and places.
  const weights::Listing& listing() const { return listing_; }
  /// Which of the file's state dicts is taken, and which others there are; empty: there is one.
  std::string choice() const;
  /// The file's path, as messages name it.
  const std::string& name() const { return source_.name(); }

  /// All tensors, on the CPU, in the file's order; those that share memory in a .pth share it here.
  /// Takes as much memory as their storages.
  std::vector<NamedTensor> read() const;
  /// One tensor, in memory of its own.
  at::Tensor read(const weights::StoredTensor& tensor) const;
  /// Its values into `target`, of the same shape and of any type, device and layout. Where type and
  /// layout are the file's and the target is on the CPU, without a copy between.
  void read_into(const weights::StoredTensor& tensor, const at::Tensor& target) const;

 private:
  FileSource source_;
  weights::Listing listing_;
};

}  // namespace imgcls::models
