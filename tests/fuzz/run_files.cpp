// Runs files, and those of folders, through a fuzz target: for builds without libFuzzer.
#include <imgcls/core/file.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

/// The files of a folder, sorted, or the file itself; nothing where there is none.
std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::is_directory(path))
    return fs::exists(path) ? std::vector{path} : std::vector<fs::path>{};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const fs::path& path : files_of(argv[i])) {
      try {
        const std::vector<std::byte> bytes = imgcls::read_file(path);
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", path.c_str(), e.what());
        return EXIT_FAILURE;
      }
      ++count;
    }
  }
  std::printf("%zu files\n", count);
  return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
