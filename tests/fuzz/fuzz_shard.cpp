// Fuzzes what finds samples in a tar file: any bytes are samples that lie in the file, or a
// DataError. The first byte says whether images are named.
#include <imgcls/core/error.h>
#include <imgcls/data/tar_samples.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace imgcls::data;
  if (size == 0) return 0;
  static const int file = ::memfd_create("fuzzed", 0);
  if (::ftruncate(file, 0) != 0 ||
      ::pwrite(file, data + 1, size - 1, 0) != static_cast<ssize_t>(size - 1)) {
    std::abort();
  }
  const imgcls::InputFile tar("/proc/self/fd/" + std::to_string(file));
  TarSamplesOptions options{.image_extensions = {}, .wants_names = true};
  if (data[0] % 2 == 1) options.image_extensions = image_extensions("png;left.jpg");
  try {
    for (const TarSample& sample : find_samples(tar, options).samples) {
      const SampleRecord& record = sample.record;
      if (record.offset > size || record.bytes > size - record.offset) std::abort();
      if (sample.label.is_empty() || !split_member_name(record.name)) std::abort();
    }
  } catch (const imgcls::DataError&) {
  }
  return 0;
}
