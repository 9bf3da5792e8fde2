// docs/fine-tuning.md: each of its commands is run as it stands there, and its program.
#include "../support/python_with.h"
#include "../support/skip.h"
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <fmt/format.h>
#include <paths.h>
#include <catch2/catch.hpp>

#include <filesystem>
#include <string>
#include <vector>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::run_program;

namespace {

namespace fs = std::filesystem;

/// The texts of the page's blocks of that language.
std::vector<std::string> blocks(const std::string& language) {
  const std::string page = read_text(IMGCLS_SOURCE_DIR "/docs/fine-tuning.md");
  const std::string begin = "```" + language + "\n", end = "```\n";
  std::vector<std::string> found;
  for (std::size_t at = 0; (at = page.find(begin, at)) != std::string::npos;) {
    at += begin.size();
    const std::size_t last = page.find(end, at);
    found.push_back(page.substr(at, last - at));
    at = last;
  }
  return found;
}

/// The commands of a block, a line that ends in a backslash with the one after it.
std::vector<std::string> commands(const std::string& block) {
  std::vector<std::string> all(1);
  for (const char letter : block) {
    if (letter != '\n' || all.back().ends_with('\\')) {
      all.back() += letter;
    } else {
      all.emplace_back();
    }
  }
  all.pop_back();
  return all;
}

/// A folder like the reader's: photos/, configs/, resnet18.pth, and an `imgcls` that trains
/// briefly.
class Reader {
 public:
  Reader() {
    const fs::path folder = data_ / ".";
    fs::create_symlink("data", folder / "photos");
    fs::create_symlink(IMGCLS_SOURCE_DIR "/configs", folder / "configs");
    make_folders(folder / "bin");
    replace_file(folder / "bin/imgcls",
                 "#!/bin/sh\n"
                 "if [ \"$1\" = train ]; then set -- \"$@\" train.batch=6 "
                 "train.max_steps=2 train.threads=1 train.precision=fp32 model.stem=imagenet "
                 "augment.size=32 eval.size=32 eval.resize=32 dist.device=cpu; fi\n"
                 "exec " IMGCLS_BINARY_DIR "/bin/imgcls \"$@\"\n");
    fs::permissions(folder / "bin/imgcls", fs::perms::owner_all);
    REQUIRE(run("imgcls weights init resnet18 -o resnet18.pth").code == 0);
  }

  test::Outcome run(const std::string& command) const {
    replace_file(data_ / "command.sh", command + "\n");
    return run_program(fmt::format("env -C {0} PATH={0}/bin:$PATH sh command.sh",
                                   (data_ / ".").parent_path().string()));
  }
  fs::path operator/(const std::string& name) const { return data_ / name; }

 private:
  FolderData data_;
};

}  // namespace

TEST_CASE("each command of the page on fine-tuning does what it says") {
  const Reader reader;
  std::size_t count = 0;
  for (const std::string& block : blocks("sh")) {
    for (const std::string& command : commands(block)) {
      const auto outcome = reader.run(command);
      INFO(command << "\n" << outcome.output);
      CHECK(outcome.code == 0);
      if (command.starts_with("imgcls train")) CHECK_THAT(outcome.output, Contains("done: top-1"));
      ++count;
    }
  }
  CHECK(count >= 10);
  CHECK_THAT(read_text(reader / "runs/head/log.txt"),
             Contains("resnet18 (11.18 M parameters, 1,539 of them trained)"));
  CHECK_THAT(read_text(reader / "runs/all/log.txt"),
             Contains("starts from runs/head/checkpoints/step-0000000002/weights.safetensors"));
  CHECK(fs::exists(reader / "runs/photos/details/eval.json"));
  CHECK(fs::exists(reader / "photos.pth"));

  // Without PyTorch or imgcls, by what the file says of itself.
  const auto python = test::python_with("onnxruntime, PIL");
  if (!python) IMGCLS_SKIP("IMGCLS_PYTHON names no Python with onnxruntime and PIL");
  replace_file(reader / "classify.py", blocks("python").at(0));
  for (const char* image : {"photos/val/red/3.jpg", "photos/val/blue/0.jpg"}) {
    const auto theirs = reader.run(fmt::format("{} classify.py photos.onnx {}", *python, image));
    INFO(theirs.output);
    CHECK(theirs.code == 0);
    const auto ours =
        reader.run(fmt::format("imgcls predict --run runs/photos --best --top 1 {}", image));
    CHECK_THAT(ours.output, Contains(" %  " + theirs.output));
  }
}
