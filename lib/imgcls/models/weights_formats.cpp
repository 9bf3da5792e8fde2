// Reading and writing the two formats, whose bytes are described in imgcls/weights.
#include <imgcls/core/error.h>
#include <imgcls/core/new_file.h>
#include <imgcls/core/zip_file.h>
#include <imgcls/models/dtypes.h>
#include <imgcls/models/pth.h>
#include <imgcls/models/safetensors.h>
#include <imgcls/models/weights.h>
#include <imgcls/models/weights_file.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/pth.h>
#include <imgcls/weights/safetensors.h>
#include <imgcls/weights/wrappers.h>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <set>

namespace imgcls::models {
namespace {

/// What the formats are told of tensors that are written one after the other.
std::vector<weights::StoredTensor> describe(std::span<const NamedTensor> tensors) {
  std::vector<weights::StoredTensor> described;
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : tensors) {
    if (!names.insert(name).second) {
      throw WeightsError(fmt::format("\"{}\" is to be written twice", name));
    }
    described.push_back(
        {.name = name, .type = stored_type(tensor, name), .shape = tensor.sizes().vec()});
  }
  return described;
}

/// Calls `write` with each tensor's bytes, of which one copy exists at a time.
template <class Write>
void for_each_bytes(std::span<const NamedTensor> tensors, const Write& write) {
  const at::NoGradGuard no_grad;
  for (const NamedTensor& item : tensors) {
    const at::Tensor row = item.tensor.detach().cpu().resolve_conj().resolve_neg().contiguous();
    write(std::span(static_cast<const std::byte*>(row.const_data_ptr()), row.nbytes()));
  }
}

}  // namespace

std::vector<NamedTensor> read_safetensors(const std::filesystem::path& path) {
  return WeightsFile(path, weights::parse_safetensors).read();
}

void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors) {
  const std::string head = weights::safetensors_head(describe(tensors));
  NewFile file(path);
  file.write(head);
  for_each_bytes(tensors, [&](std::span<const std::byte> bytes) { file.write(bytes); });
  file.commit();
}

std::vector<NamedTensor> read_pth(const std::filesystem::path& path) {
  return WeightsFile(path,
                     [](const ByteSource& file) {
                       weights::Listing listing = weights::parse_pth(file);
                       weights::take_off_wrappers(listing, file.name());
                       return listing;
                     })
      .read();
}

void write_pth(const std::filesystem::path& path, std::span<const NamedTensor> tensors) {
  const std::vector<std::byte> pickle = weights::pth_pickle(describe(tensors));
  NewFile file(path);
  ZipWriter zip([&](std::span<const std::byte> bytes) { file.write(bytes); });
  // The folder's name is the same whatever the file's, so that the bytes are.
  zip.add("archive/data.pkl", pickle);
  zip.add("archive/byteorder", "little");
  std::size_t number = 0;
  for_each_bytes(tensors, [&](std::span<const std::byte> bytes) {
    zip.add(fmt::format("archive/data/{}", number++), bytes);
  });
  zip.add("archive/version", "3\n");
  zip.finish();
  file.commit();
}

std::vector<NamedTensor> read_weights(const std::filesystem::path& path, std::string_view key) {
  return WeightsFile(path, key).read();
}

void write_weights(const std::filesystem::path& path, std::span<const NamedTensor> tensors) {
  switch (weights::format_of_name(path.string())) {
    case weights::Format::safetensors:
      return write_safetensors(path, tensors);
    case weights::Format::pth:
      return write_pth(path, tensors);
  }
}

}  // namespace imgcls::models
