// imgcls prepare imagenet, as a user runs it: output, exit codes, interruptions.
#include "../support/imagenet_archives.h"
#include "../support/python_with.h"
#include "../support/running_program.h"
#include "../support/skip.h"

#include <imgcls/core/file.h>
#include <imgcls/core/md5.h>

#include <catch2/catch.hpp>

#include <random>

using namespace imgcls;
using namespace imgcls::test;
using Catch::Matchers::Contains;

namespace {

std::string prepare(const ImageNetArchives& archives, const TempFolder& out,
                    const std::string& more) {
  return IMGCLS_BINARY_DIR "/bin/imgcls prepare imagenet --archives " + archives.path().string() +
         " --out " + (out / "Imagenet").string() + " " + more;
}

/// As `md5sum *` prints it.
std::string write_sums(const ImageNetArchives& archives, const TempFolder& folder) {
  std::string text;
  for (const std::string& name : {kTrainTar, kValTar, kDevkitTar}) {
    text += Md5().update(read_file(archives / name)).hex() + "  " + name + "\n";
  }
  return folder.write("sums", text);
}

void check_images(const TempFolder& out, const ImageNetArchives& archives) {
  Tree tree = tree_of(out / "Imagenet");
  tree.erase("meta.bin");
  tree.erase("imagenet.json");
  CHECK(tree == archives.expected());
}

}  // namespace

TEST_CASE("ImageNet is prepared, and the second time nothing is to do") {
  const ImageNetArchives archives;
  const TempFolder out;
  const std::string command = prepare(archives, out, "--checksums " + write_sums(archives, out));
  const auto first = run_program(command);
  CHECK(first.code == 0);
  CHECK_THAT(first.output, Contains("devkit: 4 classes, 7 validation labels") &&
                               Contains("train: 20 images of 4 classes") && Contains("MD5 right") &&
                               Contains("Imagenet is complete"));
  check_images(out, archives);
  const auto second = run_program(command);
  CHECK(second.code == 0);
  CHECK_THAT(second.output, Contains("was already complete") && !Contains("train:"));
}

TEST_CASE("torchvision's ImageNet class reads what was prepared") {
  const auto python = test::python_with("torchvision");
  if (!python) IMGCLS_SKIP("IMGCLS_PYTHON names no Python with torchvision");
  const ImageNetArchives archives;
  const TempFolder out;
  REQUIRE(run_program(prepare(archives, out, "--no-verify")).code == 0);
  const auto outcome =
      run_program(*python + " " + IMGCLS_SOURCE_DIR + "/tests/cli/torchvision_imagenet.py " +
                  (out / "Imagenet").string() + " 20 7 4");
  INFO(outcome.output);
  CHECK(outcome.code == 0);
}

TEST_CASE("a part of ImageNet is prepared, without sums where that is said") {
  const ImageNetArchives archives;
  const TempFolder out;
  const auto refused = run_program(prepare(archives, out, "--split val"));
  CHECK(refused.code == 1);
  CHECK_THAT(refused.output, Contains("the official archive 6744924160"));
  CHECK(!std::filesystem::exists(out / "Imagenet"));
  const auto outcome = run_program(prepare(archives, out, "--split val --no-verify"));
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("val: 7 images") && Contains("MD5 not compared"));
  CHECK(std::filesystem::exists(out / "Imagenet/val"));
  CHECK(!std::filesystem::exists(out / "Imagenet/train"));
  CHECK(run_program(prepare(archives, out, "--split test")).code == 2);
  CHECK(run_program(prepare(archives, out, "--checksums /nowhere")).code == 2);
  out.write("sums", std::string(32, '0') + "  " + kDevkitTar + "\n");
  const auto without =
      run_program(prepare(archives, out, "--checksums " + (out / "sums").string()));
  CHECK(without.code == 2);
  CHECK_THAT(without.output, Contains("no MD5 sum to compare") && Contains(kTrainTar));
}

TEST_CASE("signals stop the preparation, and the same command resumes") {
  // Large enough for signals to find it at work.
  const ImageNetArchives archives(600, 3000, 20'000);
  const TempFolder out;
  const std::string command = prepare(archives, out, "--no-verify");
  std::mt19937 random(3);
  int stopped = 0, killed = 0;
  for (const int signal : {SIGINT, SIGTERM, SIGKILL, SIGKILL, SIGINT, SIGKILL}) {
    RunningProgram program(command);
    try {
      wait_until_caught(program.pid(), SIGUSR1);  // which Catch2, before the exec, does not catch
    } catch (const std::runtime_error&) {         // it has ended already
    }
    ::usleep(static_cast<useconds_t>(random() % 60'000));
    ::kill(program.pid(), signal);
    const auto outcome = program.finish();
    if (outcome.code == 75) {
      ++stopped;
      CHECK_THAT(outcome.output,
                 Contains("stopped by SIG") && Contains("; the same command resumes"));
    } else if (outcome.code == 128 + SIGKILL) {
      ++killed;
    } else if (outcome.code == 128 + signal) {
      // The work was done: a program that is about to end catches signals no longer.
      CHECK_THAT(run_program(command).output, Contains("was already complete"));
    } else {
      CHECK(outcome.code == 0);
    }
  }
  CHECK(stopped > 0);
  CHECK(killed > 0);
  CHECK(run_program(command).code == 0);
  check_images(out, archives);
}
