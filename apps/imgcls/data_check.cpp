// imgcls data check: what a data set holds, and what is wrong with it.
#include "data.h"
#include "data_check_page.h"
#include "prepare.h"
#include "print.h"
#include "size_histograms.h"
#include "work_line.h"

#include <imgcls/core/file.h>
#include <imgcls/core/quoted_name.h>
#include <imgcls/prepare/check_data.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>

namespace imgcls::cli {
namespace {

using data::DataCheck;
using data::DuplicateSpread;

struct CheckArguments {
  std::string root, train = "train", val = "val", image_key, output = "data-check.html";
  std::size_t limit = 0;
  int threads = 0;
};

constexpr std::size_t kPrinted = 10;  // of each kind of fault

void print_more(std::size_t found) {
  if (found > kPrinted) print("  and {} more: see the page\n", found - kPrinted);
}

void print_halves(const DataCheck& check) {
  for (const data::HalfContent& half : check.halves) {
    print("{}: {} images in {} classes, {} out of balance\n", quote_name(half.half.folder.string()),
          half.images, half.classes.size(), half.out_of_balance().size());
    for (const std::string& remark : half.remarks) print("note: {}\n", remark);
  }
  const std::vector<std::string>& unshared = check.unshared_classes;
  for (std::size_t i = 0; i < std::min(kPrinted, unshared.size()); ++i) {
    print("only one of both has the class {}\n", quote_name(unshared[i]));
  }
  print_more(unshared.size());
}

void print_broken_files(const DataCheck& check) {
  print("{} files cannot be decoded\n", check.broken.size());
  for (std::size_t i = 0; i < std::min(kPrinted, check.broken.size()); ++i) {
    print("  {}\n", quote_name(check.broken[i].reason));
  }
  print_more(check.broken.size());
}

void print_duplicates(const DataCheck& check, DuplicateSpread spread) {
  std::size_t groups = 0;
  std::string text;
  for (const data::DuplicateGroup& group : check.duplicates) {
    if (group.spread != spread || ++groups > kPrinted) continue;
    text += fmt::format("  {} = {}", quote_name(group.images[0].name),
                        quote_name(group.images[1].name));
    if (group.images.size() > 2) text += fmt::format(" and {} more", group.images.size() - 2);
    text += group.same_bytes ? "\n" : " (other bytes)\n";
  }
  print("{} groups of {}\n{}", groups, spread_text(spread), text);
  print_more(groups);
}

void print_sizes(const DataCheck& check) {
  if (check.sizes.empty()) return;
  for (const Histogram& histogram : size_histograms(check.sizes)) {
    print("{}: {} to {}, median {}\n", histogram.title, histogram.least, histogram.most,
          histogram.median);
  }
  print("{}\n", normalization_text(check));
}

int check_root(const CheckArguments& arguments) {
  check_replaceable(arguments.output);
  WorkLine line("checking", "images");
  const DataCheck check = data::check_data(
      data::find_halves(arguments.root, arguments.train, arguments.val),
      {.image_key = arguments.image_key,
       .threads = arguments.threads,
       .limit = arguments.limit,
       .go_on = [&line](const data::WorkStatus& status) { return line.show(status); }});
  if (check.stopped) {
    print("stopped by a signal after {}; no page is written\n", line.summary());
    return train::kStopped;
  }
  print_halves(check);
  print_broken_files(check);
  if (check.halves.size() > 1) print_duplicates(check, DuplicateSpread::several_halves);
  print_duplicates(check, DuplicateSpread::several_classes);
  print_duplicates(check, DuplicateSpread::one_class);
  print_sizes(check);
  if (check.checked < check.images) {
    print("{} of {} images were looked at\n", check.checked, check.images);
  }
  replace_file(arguments.output, check_page(check, arguments.root));
  print("{}\n{}\n", line.summary(), arguments.output);
  const bool clean = check.broken.empty() && check.unshared_classes.empty();
  return clean ? train::kSuccess : train::kFailure;
}

}  // namespace

void add_data_check(CLI::App& parent, std::function<int()>& chosen) {
  auto arguments = std::make_shared<CheckArguments>();
  CLI::App* command = parent.add_subcommand(
      "check", "Broken files, duplicates, classes, sizes and colours of a data set, as a page");
  command
      ->add_option("ROOT", arguments->root,
                   "data.root: a folder with train and val in it, or one of class folders or tar "
                   "files")
      ->required();
  command->add_option("-o,--output", arguments->output, "The page to write")->capture_default_str();
  command
      ->add_option("--limit", arguments->limit,
                   "Look at so many images only, spread evenly over all; default: all")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 32));
  command->add_option("--train", arguments->train, "The folder in ROOT of training images")
      ->capture_default_str();
  command->add_option("--val", arguments->val, "The folder in ROOT of evaluation images")
      ->capture_default_str();
  add_image_key(*command, arguments->image_key);
  add_reading_threads(*command, arguments->threads);
  command->footer(
      "Reads and decodes every image, with an index or without, and changes nothing.\n\n"
      "Examples:\n"
      "  imgcls data check data/Imagenet\n"
      "  imgcls data check data/Imagenet --limit 20000 -o quick.html\n"
      "  imgcls data check data/flowers --train training --val validation\n"
      "  imgcls data check data/shards/train --image-key left.jpg\n"
      "Exit code: 0; 1: an error, files that cannot be decoded, or classes that only training or\n"
      "only evaluation has; 75: stopped by Ctrl-C, without a page.");
  command->callback([arguments, &chosen] {
    chosen = [arguments] { return run_preparation([&] { return check_root(*arguments); }); };
  });
}

}  // namespace imgcls::cli
