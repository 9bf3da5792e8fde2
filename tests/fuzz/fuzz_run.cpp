// Fuzzes what reads a run's folder: whatever one of its files holds, the report's figures
// are made, or there is an Error. The first byte says which file; two more are formats of their
// own.
#include <imgcls/core/error.h>
#include <imgcls/log/tf_record.h>
#include <imgcls/log/wandb_log.h>
#include <imgcls/log/wandb_message.h>
#include <imgcls/report/report_json.h>
#include <imgcls/report/run_files.h>

#include <stdlib.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <protozero/exception.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Replace = nlohmann::json::error_handler_t;

struct File {
  const char* name;
  const char* text;  // of a whole run
};

constexpr std::array kFiles{
    File{"config.json", R"({"train": {"epochs": 2, "seed": 1}, "model": {"name": "resnet9"}})"},
    File{"classes.txt", "a\tcat\nb\n"},
    File{"train_log.csv",
         "epoch,step,train_loss,val_loss,val_acc1,val_acc5,time,checkpoint_dir\n"
         "1,5,1.5,1.25,50,100,3.5,x\n2,10,1,1,75,100,7,\n"},
    File{"steps.csv",
         "step,epoch,time,loss,lr,grad_norm,loss_scale,images_per_second,data_wait,memory_mib\n"
         "1,1,0.5,2,0.1,1,1,100,0.1,50\n2,1,1,1.5,0.1,1,1,100,0.1,50\n"},
    File{"environment.json", R"({"sessions": [{"host": "a", "command": ["b"]}]})"},
    File{"eval/eval.json", R"({"images": 4, "top1": 3, "step": 10})"},
    File{"eval/per_class.csv", "class,id,images,right,accuracy\n0,a,2,2,100\n1,b,2,1,50\n"},
    File{"eval/confusion.csv", "class,a,b\na,2,0\nb,1,1\n"},
    File{"eval/mistakes.csv",
         "place,name,class,predicted,probability,loss,thumbnail\n1,x.jpg,b,a,0.9,2,mistakes/"
         "01.jpg\n"}};
// In the place of confusion.csv, which a run of many classes does not have.
constexpr const char* kPairs = "eval/confusion_pairs.csv";

void write(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A run's folder, for as long as the fuzzer runs.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "imgcls-fuzz-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
    fs::create_directory(path_ / "eval");
    for (const File& file : kFiles) write(path_ / file.name, file.text);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

const fs::path& run_folder() {
  static const Folder folder;
  return folder.path();
}

void report() {
  try {
    const std::vector<fs::path> folders{run_folder()};
    const auto runs = imgcls::report::read_runs(folders);
    imgcls::report::report_json(runs, {}).dump(-1, ' ', false, Replace::replace);
  } catch (const imgcls::Error&) {
  }
}

void read_run(const File& file, std::string_view text) {
  write(run_folder() / file.name, text);
  report();
  write(run_folder() / file.name, file.text);
}

void read_pairs(std::string_view text) {
  write(run_folder() / kPairs, text);
  report();
  fs::remove(run_folder() / kPairs);
}

void read_records(std::string_view file) {
  imgcls::report::WandbRecords records(file);
  while (const auto record = records.next()) {
    if (records.end() > file.size()) std::abort();
    try {
      imgcls::report::wandb::place_of(*record);
    } catch (const protozero::exception&) {
    }
  }
  while (imgcls::report::next_tf_record(file)) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t which = data[0] % (kFiles.size() + 2);
  if (which == kFiles.size()) {
    read_records(text);
  } else if (which == kFiles.size() + 1) {
    read_pairs(text);
  } else {
    read_run(kFiles[which], text);
  }
  return 0;
}
