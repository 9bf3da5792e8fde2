#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/text.h>
#include <imgcls/prepare/imagenet/archives.h>
#include <imgcls/prepare/imagenet/sums.h>

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace imgcls::data {

const Md5Sums& official_imagenet_sums() {
  static const Md5Sums kSums = {{std::string(kTrainArchive), "1d675b47d978889d74fa0da5fadfb00e"},
                                {std::string(kValArchive), "29b22e2961454d5413ddabcf34fc5622"},
                                {std::string(kDevkitArchive), "fa75699e90414af021442c21a62c3abf"}};
  return kSums;
}

Md5Sums read_md5_sums(const std::filesystem::path& path) {
  Md5Sums sums;
  std::istringstream text(read_text(path));
  std::size_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    constexpr std::size_t kDigits = 32, kName = kDigits + 2;
    const bool whole = line.size() > kName && line[kDigits] == ' ' &&
                       (line[kDigits + 1] == ' ' || line[kDigits + 1] == '*') &&
                       line.find_first_not_of("0123456789abcdefABCDEF") == kDigits;
    if (!whole) {
      throw DataError(
          fmt::format("{}, line {}: expected '<32 digits>  <file>', as md5sum writes "
                      "it, and not '{}'",
                      path.string(), number, line.substr(0, 60)));
    }
    sums[std::filesystem::path(line.substr(kName)).filename().string()] =
        lower_case(line.substr(0, kDigits));
  }
  return sums;
}

}  // namespace imgcls::data
