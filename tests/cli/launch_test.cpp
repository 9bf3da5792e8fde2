// imgcls launch: exit codes, the line it prints, signals, and what it leaves behind.
#include "folder_data.h"

#include <imgcls/core/file.h>

#include <paths.h>
#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using test::FolderData;
using test::Outcome;
using test::run_program;
using test::TempFolder;

namespace {

const std::string kLaunch = IMGCLS_BINARY_DIR "/bin/imgcls launch ";

enum class Output { file, pipe };

/// Runs `commands` in a shell that has `job` in the background, with its process in $job and what
/// it said in the file $said, and the function `await WORDS`, which waits until they are said.
Outcome while_running(const TempFolder& folder, const std::string& job, const std::string& commands,
                      Output output = Output::file) {
  const std::string into = output == Output::file ? "$said" : "$said.pipe";
  const std::string script = folder.write(
      // Emptied first: `await` must not find what an earlier job said.
      "script", "said=" + (folder / "said").string() + "\n: >$said\n" +
                    (output == Output::file ? ""
                                            : "mkfifo " + into + "; cat " + into + " >$said &\n") +
                    job + " >" + into + " 2>&1 & job=$!\n" + R"(
await() {
  for i in $(seq 600); do grep -q "$1" $said && return; sleep 0.1; done
  echo "never said: $1"; cat $said; kill -9 $job; exit 99
}
)" + commands + "\n");
  return run_program("sh " + script);
}

}  // namespace

TEST_CASE("launch --dry-run prints the line that it would run") {
  const auto outcome = run_program(kLaunch + "-n 2 --dry-run -- ./train 'a b' run.dir=c");
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains("mpirun ") && Contains(" -np 2 ") &&
                                 Catch::EndsWith(" ./train 'a b' run.dir=c\n"));
}

TEST_CASE("launch hands over arguments as they are, and an exit code") {
  // Into a file for each rank: mpirun mixes what ranks print.
  const TempFolder folder;
  const auto said = run_program(
      kLaunch + "-n 2 -- sh -c 'printf \"[%s]\\n\" \"$@\" >\"$0.$OMPI_COMM_WORLD_RANK\"' " +
      (folder / "said").string() + " 'two  words' --help ''");
  CAPTURE(said.output);
  CHECK(said.code == 0);
  for (const char* rank : {"said.0", "said.1"}) {
    CHECK(read_text(folder / rank) == "[two  words]\n[--help]\n[]\n");
  }
  for (const int code : {1, 3, 75}) {
    CHECK(run_program(kLaunch + "-n 3 -- sh -c 'exit " + std::to_string(code) + "'").code == code);
  }
  const auto killed = run_program(kLaunch + "-n 1 -- sh -c 'kill -9 $$'");
  CHECK(killed.code == 137);
  CHECK_THAT(killed.output, Contains("the job was ended by SIGKILL"));
}

TEST_CASE("programs and what launch starts spin for a while, unless the user says otherwise") {
  const auto seen = [](const std::string& before) {
    return run_program("env -u GOMP_SPINCOUNT -u OMP_WAIT_POLICY " + before + kLaunch +
                       "-n 1 -- sh -c 'echo \"spins ${GOMP_SPINCOUNT-as it likes}.\"'")
        .output;
  };
  CHECK_THAT(seen(""), Contains("spins 1000."));
  CHECK_THAT(seen("GOMP_SPINCOUNT=7 "), Contains("spins 7."));
  CHECK_THAT(seen("OMP_WAIT_POLICY=active "), Contains("spins as it likes."));
  // Arguments, streams and exit code are those of a program that was started once.
  const auto wrong = run_program("env -u GOMP_SPINCOUNT " IMGCLS_BINARY_DIR
                                 "/bin/train_resnet50 'no such' <&- 2>&1");
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.output, Contains("no such"));
}

TEST_CASE("launch says what it cannot start") {
  const auto no_program = run_program(kLaunch + "-n 2 -- ./no-such-program");
  CHECK(no_program.code == 127);
  CHECK_THAT(no_program.output, Contains("no program ./no-such-program"));
  const auto no_mpirun = run_program("PATH=/nowhere " + kLaunch + "-n 2 -- /bin/true");
  CHECK(no_mpirun.code == 127);
  CHECK_THAT(no_mpirun.output, Contains("mpirun is not installed"));
  const auto no_number = run_program("CUDA_VISIBLE_DEVICES= " + kLaunch + "-- true");
  CHECK(no_number.code == 2);
  CHECK_THAT(no_number.output, Contains("-n 2"));
  CHECK(run_program(kLaunch + "-n 0 -- true").code == 2);
  CHECK(run_program(kLaunch + "-n 2").code == 2);
}

TEST_CASE(
    "Ctrl-C, SIGTERM, SIGUSR1 and SIGHUP on launch make the ranks save, and the same command goes "
    "on") {
  for (const char* signal : {"INT", "TERM", "USR1", "HUP"}) {
    const FolderData data;
    const TempFolder folder;
    const std::string job = kLaunch + "-n 2 -- " + data.train("run", "train.epochs=100000");
    const auto stop_when = [&](const char* said) {
      return while_running(folder, job,
                           std::string("await '") + said + "'; kill -" + signal +
                               " $job; wait $job; code=$?; cat $said; exit $code");
    };
    const auto first = stop_when("epoch 3/");
    CAPTURE(signal, first.output);
    CHECK(first.code == 75);
    CHECK_THAT(first.output, Contains("stopped by SIGUSR1") &&
                                 Contains("the same command resumes") && !Contains("Primary job") &&
                                 !Contains("mpirun detected"));
    const auto second = stop_when(" step ");
    CHECK_THAT(second.output, Contains("resuming from"));
    CHECK(second.code == 75);
  }
}

TEST_CASE("a second Ctrl-C ends the job") {
  const TempFolder folder;
  const auto outcome =
      while_running(folder, kLaunch + "-n 2 -- sh -c 'trap \"\" USR1; echo ready; exec sleep 300'",
                    "await ready; kill -INT $job; await again; sleep 1.1; kill -INT $job; wait "
                    "$job; echo code $?");
  CAPTURE(outcome.output);
  CHECK_THAT(outcome.output, Contains("code ") && !Contains("code 0"));
}

TEST_CASE("a Ctrl-C that comes twice at once, as through timeout, is one") {
  const TempFolder folder;
  const auto outcome = while_running(
      folder,
      kLaunch + "-n 2 -- sh -c 'trap \"exit 75\" USR1; echo ready; while :; do sleep 0.1; done'",
      "await ready; kill -INT $job; await again; kill -INT $job; wait $job; echo code $?");
  CAPTURE(outcome.output);
  CHECK_THAT(outcome.output, Contains("code 75"));
}

TEST_CASE("launch passes on what ranks say into a pipe, all of it") {
  const auto said = run_program(kLaunch +
                                "-n 2 -- sh -c 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "
                                "rank $OMPI_COMM_WORLD_RANK line $i; done; echo end >&2'");
  CHECK(said.code == 0);
  for (const char* last : {"rank 0 line 3000\n", "rank 1 line 3000\n", "end\n"}) {
    CHECK_THAT(said.output, Contains(last));
  }
}

TEST_CASE("under nohup launch does not mind SIGHUP") {
  const TempFolder folder;
  const auto outcome =
      while_running(folder, "nohup " + kLaunch + "-n 1 -- sh -c 'echo ready; sleep 1; exit 5'",
                    "await ready; kill -HUP $job; wait $job; exit $?");
  CHECK(outcome.code == 5);
}

TEST_CASE("when launch is killed its ranks end, whether it speaks into a file or a pipe") {
  for (const Output output : {Output::file, Output::pipe}) {
    const FolderData data;
    const TempFolder folder;
    const auto outcome = while_running(
        folder, kLaunch + "-n 2 -- " + data.train("run", "train.epochs=100000"),
        "await 'epoch 2/'; kill -9 $job\n"
        "for i in $(seq 300); do pgrep -f 'train_resnet50.*" +
            (data / "run").string() + "' >/dev/null || exit 0; sleep 0.1; done; exit 1",
        output);
    CHECK(outcome.code == 0);
  }
}
