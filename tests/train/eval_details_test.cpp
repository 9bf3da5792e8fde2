// Per-class accuracy, confusion and calibration.
#include "../support/temp_folder.h"

#include <imgcls/core/file.h>
#include <imgcls/core/utf8.h>
#include <imgcls/data/loader.h>
#include <imgcls/image/decode.h>
#include <imgcls/train/class_differences.h>
#include <imgcls/train/eval_details.h>

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

using namespace imgcls;

namespace {

/// Six images of three classes: two of class 0 right, one taken for 2; class 1 right; class 2 taken
/// for 0; the last is left out.
train::EvalDetails example() {
  train::EvalDetails details(3);
  const at::Tensor logits = at::tensor({9.F, 0.F, 0.F, 9.F, 0.F, 0.F, 0.F, 0.F, 9.F,  //
                                        0.F, 9.F, 0.F, 9.F, 0.F, 0.F, 0.F, 9.F, 0.F})
                                .view({6, 3});
  details.add(logits, at::tensor({0L, 0L, 0L, 1L, 2L, long{data::kSkippedLabel}}));
  return details;
}

}  // namespace

TEST_CASE("confusions are counted by class") {
  const train::EvalDetails details = example();
  CHECK(details.images(0) == 3);
  CHECK(details.right(0) == 2);
  CHECK(details.confused(0, 2) == 1);
  CHECK(details.confused(2, 0) == 1);
  CHECK(details.images(1) + details.images(2) == 2);
}

TEST_CASE("the calibration error is the distance between confidence and accuracy") {
  // All five images have the same confidence, and three are right.
  const double confidence = std::exp(9.0) / (std::exp(9.0) + 2);
  CHECK(example().calibration_error() == Approx(confidence - 0.6).epsilon(1e-6));
  CHECK(train::EvalDetails(2).calibration_error() == 0);

  // Sure of half, and right in half of the cases.
  train::EvalDetails calibrated(2);
  calibrated.add(at::tensor({1.F, 1.F, 1.F, 1.F}).view({2, 2}), at::tensor({0L, 1L}));
  CHECK(calibrated.calibration_error() == 0);
}

TEST_CASE("the worst mistakes are those of the highest loss, in whatever order they come") {
  const std::vector<train::Mistake> all{{.sample = 5, .label = 0, .predicted = 1, .loss = 2},
                                        {.sample = 3, .label = 0, .predicted = 1, .loss = 2},
                                        {.sample = 9, .label = 1, .predicted = 0, .loss = 7},
                                        {.sample = 1, .label = 1, .predicted = 0, .loss = 1}};
  for (std::size_t first = 0; first < all.size(); ++first) {
    train::WorstMistakes worst(3);
    for (std::size_t i = 0; i < all.size(); ++i) worst.add(all[(first + i) % all.size()]);
    REQUIRE(worst.worst().size() == 3);
    CHECK(worst.worst()[0].sample == 9);
    CHECK(worst.worst()[1].sample == 3);
    CHECK(worst.worst()[2].sample == 5);
  }
}

TEST_CASE("mistakes are found with their probability and loss") {
  train::EvalDetails details(2);
  const std::vector<std::uint64_t> samples{40, 41, 42};
  details.add(at::tensor({1.F, 0.F, 0.F, 200.F, 0.F, 1.F}).view({3, 2}), at::tensor({0L, 0L, 0L}),
              samples);
  REQUIRE(details.mistakes().size() == 2);
  const train::Mistake& worst = details.mistakes()[0];
  CHECK(worst.sample == 41);
  CHECK(worst.predicted == 1);
  CHECK(worst.probability == 1);
  CHECK(std::isfinite(worst.loss));
  CHECK(details.mistakes()[1].loss == Approx(std::log1p(std::exp(1.0))));
}

TEST_CASE("the tables and the picture hold what was counted") {
  const test::TempFolder folder;
  const std::vector<std::string> names{"a", "b,c", "d"};
  train::write_per_class(example(), names, folder / "per_class.csv");
  CHECK(read_text(folder / "per_class.csv") ==
        "class,id,images,right,acc1,most_often_taken_for\n"
        "0,a,3,2,66.6667,d\n"
        "1,\"b,c\",1,1,100.0000,\n"
        "2,d,1,0,0.0000,a\n");
  folder.write("confusion_pairs.csv", "of an earlier evaluation");
  train::write_confusion(example(), names, folder.path());
  CHECK_FALSE(std::filesystem::exists(folder / "confusion_pairs.csv"));
  CHECK(read_text(folder / "confusion.csv") ==
        "class,a,\"b,c\",d\na,2,0,1\n\"b,c\",0,1,0\nd,1,0,0\n");
  train::draw_confusion(example(), folder / "confusion.png");
  data::Image image;
  data::decode(read_file(folder / "confusion.png"), "confusion.png", image);
  CHECK(image.size.width == 399);  // 3 classes of 133 pixels
  // Row 1, column 1: all of class 1 is right. Row 1, column 0: none is taken for class 0.
  const auto* right = image.row(200) + std::ptrdiff_t{3} * 200;
  CHECK((right[0] == 0 && right[1] == 0 && right[2] == 255));
  const auto* wrong = image.row(200) + std::ptrdiff_t{3} * 10;
  CHECK((wrong[0] == 255 && wrong[1] == 255 && wrong[2] == 255));
}

TEST_CASE("of many classes what was seen is kept, written and drawn") {
  constexpr std::size_t kClasses = 300'000;  // a matrix of them would take 720 GB
  train::EvalDetails details(kClasses);
  const at::Tensor none = at::tensor({0.5F, 0.5F, 0.5F, 0.5F});
  details.add({.labels = at::tensor({0L, 0L, 299'999L, 150'000L}),
               .predicted = at::tensor({0L, 299'998L, 0L, 299'998L}),
               .probability = none,
               .loss = none});
  CHECK(details.confused(0, 299'998) == 1);
  CHECK(details.confused(7, 8) == 0);
  CHECK(details.right(0) == 1);
  CHECK(details.confusions().size() == 4);
  std::vector<std::string> names(kClasses);
  for (std::size_t i = 0; i < kClasses; ++i) names[i] = std::to_string(i);
  const test::TempFolder folder;
  folder.write("confusion.csv", "of an earlier evaluation");
  train::write_confusion(details, names, folder.path());
  CHECK(train::confusion_file(details) == "confusion_pairs.csv");
  CHECK(read_text(folder / "confusion_pairs.csv") ==
        "class,predicted,images\n0,0,1\n0,299998,1\n150000,299998,1\n299999,0,1\n");
  CHECK_FALSE(std::filesystem::exists(folder / "confusion.csv"));
  train::write_per_class(details, names, folder / "per_class.csv");
  CHECK_THAT(read_text(folder / "per_class.csv"),
             Catch::Contains("\n0,0,2,1,50.0000,299998\n") &&
                 Catch::Contains("\n299999,299999,1,0,0.0000,0\n"));
  train::draw_confusion(details, folder / "confusion.png");
  data::Image image;
  data::decode(read_file(folder / "confusion.png"), "confusion.png", image);
  CHECK(image.size.width == 2000);
  const auto* first = image.row(0);
  CHECK((first[0] < 255 && first[2] == 255));  // half of it right
  const auto* last = first + std::ptrdiff_t{3} * 1999;
  CHECK((last[0] == 255 && last[1] < 255));  // half of it taken for the last
  CHECK(image.row(1999)[1] == 0);            // all taken for the first
}

TEST_CASE("the matrix is written class by class up to a number of classes") {
  for (const std::size_t classes : {train::kMostInMatrix, train::kMostInMatrix + 1}) {
    const bool matrix = classes == train::kMostInMatrix;
    CHECK(train::confusion_file(train::EvalDetails(classes)) ==
          (matrix ? "confusion.csv" : "confusion_pairs.csv"));
  }
}

TEST_CASE("names of any bytes come back from the tables") {
  const test::TempFolder folder;
  const std::vector<std::string> names{"two\nlines", "caf\xE9", "a,\"b\"\t"};
  train::write_per_class(example(), names, folder / "per_class.csv");
  CHECK(read_text(folder / "per_class.csv") ==
        "class,id,images,right,acc1,most_often_taken_for\n"
        "0,$'two\\nlines',3,2,66.6667,\"$'a,\"\"b\"\"\\t'\"\n"
        "1,$'caf\\xe9',1,1,100.0000,\n"
        "2,\"$'a,\"\"b\"\"\\t'\",1,0,0.0000,$'two\\nlines'\n");
  train::write_confusion(example(), names, folder.path());
  const std::string matrix = read_text(folder / "confusion.csv");
  CHECK(to_utf8(matrix) == matrix);
  CHECK(std::count(matrix.begin(), matrix.end(), '\n') == 4);
}

TEST_CASE("differences of classes are listed, with what helps") {
  using Catch::Contains;
  using train::class_differences;
  const std::vector<std::string> three{"cat", "dog", "owl"};
  CHECK(class_differences(three, three).empty());
  const std::vector<std::string> fewer{"cat", "owl"};
  CHECK_THAT(class_differences(three, fewer),
             Contains("3 classes and the evaluation data 2") &&
                 Contains("1 is in the training data alone: dog.") && Contains("--classes"));
  const std::vector<std::string> others{"a", "b", "c", "cat", "d\n", "e", "f"};
  CHECK_THAT(class_differences(three, others),
             Contains("2 are in the training data alone: dog, owl.") &&
                 Contains("6 are in the evaluation data alone: a, b, c, $'d\\n', e, ...") &&
                 Contains("model.new_head=true"));
  const std::vector<std::string> turned{"cat", "owl", "dog"};
  CHECK_THAT(class_differences(three, turned),
             Contains("class 1 is dog in training and owl in evaluation"));
}
