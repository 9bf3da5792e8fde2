#pragma once
// Exact evaluation: each image counts once, and counts are integers summed over the ranks.

#include <ATen/core/Tensor.h>
#include <imgcls/core/nan_sign.h>
#include <imgcls/data/loader.h>
#include <imgcls/dist/world.h>
#include <imgcls/models/model.h>
#include <imgcls/train/eval_details.h>
#include <imgcls/train/input.h>
#include <imgcls/train/multi_label.h>

#include <cstdint>
#include <functional>
#include <optional>

namespace imgcls::train {

/// What an evaluation found, over all ranks.
struct EvalCounts {
  std::int64_t images = 0;  ///< that were evaluated; those skipped are not in it
  std::int64_t top1 = 0;    ///< images whose class has the highest logit
  std::int64_t top5 = 0;    ///< images whose class is among the five highest
  /// Sum of the cross-entropies up to 2^16 in units of 2^-24: an integer, so that it does not
  /// depend on the order in which ranks are added up.
  std::int64_t loss_units = 0;
  /// Sum of the greater ones, which integers have no room for, and of those that are infinite or no
  /// numbers: then it is no finite number either.
  double far_losses = 0;
  /// Of a multi-label source alone, where `top1` and `top5` are 0, and an image's loss is the mean
  /// over the classes of the binary cross-entropy.
  std::optional<MultiLabelFigures> multi_label = {};

  /// In per cent: the double nearest to the quotient, so 181 of 500 are 36.2 to the last digit.
  double acc1() const { return share(100 * static_cast<double>(top1)); }
  double acc5() const { return share(100 * static_cast<double>(top5)); }  ///< as acc1, of top5
  /// The mean loss of the images; infinite or a NaN where an image's is.
  double loss() const {
    return without_nan_sign(share(static_cast<double>(loss_units) * 0x1p-24 + far_losses));
  }

 private:
  double share(double sum) const { return images ? sum / static_cast<double>(images) : 0; }
};

/// Counts for logits (float N x K) and labels (int64 N; kSkippedLabel is left out). The rank of an
/// image's class is the number of classes with a higher logit, or an equal one and a lower number;
/// an image with a NaN among its logits is wrong, also where there are only five classes.
EvalCounts count(const at::Tensor& logits, const at::Tensor& labels);

/// An image's logits: the mean of those of its `views`, which lie one behind the other among
/// `images`, and with `flip` of their mirror images.
at::Tensor eval_logits(const models::Model& model, const at::Tensor& images, int views, bool flip);

/// Runs `model` in evaluation mode, in fp32 (without TF32), over all batches of `loader` (started
/// anew), and sums over the ranks. Logits are those of `eval_logits`. `go_on` is called before each
/// batch, some times a second while data is waited for, and at the end, with the number of global
/// batches done; when it returns false on any rank, all stop, and the result's `images` is -1 (at
/// the end its answer is not looked at). `details`, where given, is added to and summed over the
/// ranks, but not for a multi-label source: it is about images of one class each. The host never
/// waits for the batch that the device computes, and uses the loader best where `input` has
/// prepared its options. All ranks call this.
EvalCounts evaluate(const models::Model& model, data::Loader& loader, const InputStage& input,
                    dist::World& world, bool flip, const std::function<bool(std::size_t)>& go_on,
                    EvalDetails* details = nullptr);

}  // namespace imgcls::train
