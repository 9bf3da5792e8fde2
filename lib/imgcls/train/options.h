#pragma once
// All that a training run is told: what configs/schema.json describes, as C++ structs. Filled from
// a configuration by `run_options`, or by hand (examples/010-train-from-cpp.cpp).

#include <imgcls/augment/transform.h>
#include <imgcls/data/loader.h>
#include <imgcls/dist/data_parallel.h>
#include <imgcls/kernels/fast_convolutions.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/optim/schedule.h>
#include <imgcls/train/best.h>
#include <imgcls/train/callbacks.h>
#include <imgcls/train/data_options.h>
#include <imgcls/train/model_options.h>
#include <imgcls/train/progressive.h>
#include <imgcls/train/recipe/average.h>
#include <imgcls/train/recipe/clip.h>
#include <imgcls/train/recipe/distillation.h>
#include <imgcls/train/recipe/erase.h>
#include <imgcls/train/recipe/loss.h>
#include <imgcls/train/recipe/mix.h>
#include <imgcls/train/recipe/sam.h>
#include <imgcls/train/step_profile.h>

#include <any>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls {
class Config;
}

namespace imgcls::train {

class RunSink;
struct SinkContext;

/// The arithmetic of convolutions and matrix products. Parameters are fp32 in all cases.
enum class Precision {
  fp32,       ///< without autocast
  bf16,       ///< autocast to bfloat16
  fp16,       ///< autocast to half, with a GradScaler
  automatic,  ///< bf16 where the device multiplies it in hardware, else fp32
};

/// The section `eval`.
struct EvalRunOptions {
  data::EvalOptions transform;  ///< what is done to the images: size, resizing, crops
  /// Images of a batch. Batches are dealt to the ranks whole.
  std::size_t batch = 256;
  /// Average each image's logits with those of its mirror image.
  bool flip = false;
  /// Epochs between evaluations; the last epoch is always evaluated.
  int every_epochs = 1;
  /// Training images over which batch norm's running statistics are computed anew before an
  /// evaluation, for the weights that are evaluated; 0: they are those from training.
  std::size_t bn_images = 0;
  /// Evaluate with the convolutions that training uses; else with PyTorch's, on any CPU, so that an
  /// accuracy is comparable to the image.
  bool fast_convolutions = false;
  /// The figure by which evaluations are compared: `checkpoint.best`, `patience`. Accuracies are
  /// of images with one class each, mAP of multi-label ones.
  Metric metric = Metric::acc1;
};

/// How the learning rate grows with the batch (Goyal et al., arXiv:1706.02677; Hoffer et al.,
/// arXiv:1705.08741): not, in proportion, or with its root.
enum class BatchScaling { none, linear, square_root };

/// The section `schedule`.
struct ScheduleRunOptions {
  /// One of optim::schedules().
  std::string name = "cosine";
  double warmup_epochs = 0;   ///< over which the rate rises linearly; may be a fraction
  double warmup_from = 0.01;  ///< factor of the rate at the first step of the warm-up
  /// The rate at the end, where the schedule comes down to one; plateau: the lowest.
  double final_lr = 0;
  /// What weight decay comes to at the end by half a cosine; unset: it stays.
  std::optional<double> final_weight_decay = {};
  /// optimizer.lr is that of a batch of `base_batch` images; the run's grows with train.batch.
  BatchScaling batch_scaling = BatchScaling::none;
  std::int64_t base_batch = 256;  ///< images of a step for which optimizer.lr is given
  /// Options that the named schedule has alone (optim/schedules.h); empty: defaults.
  std::any own = {};
};

/// What a run does with the checkpoints of an earlier one in its folder.
enum class Resume {
  automatic,  ///< goes on from the newest good one, with the same configuration and data
  never,      ///< refuses: the folder must hold none
  changed,    ///< goes on although configuration or data have changed, and records every difference
};

/// The section `checkpoint`.
struct CheckpointOptions {
  /// Epochs and steps between checkpoints; 0: none of that kind. One is always written at the end
  /// and when the run is stopped.
  int every_epochs = 1;
  int every_steps = 0;  ///< as every_epochs, counted in optimizer steps
  /// How many of the newest are kept.
  int keep = 2;
  /// The weights of the best evaluation are kept besides, in RunFiles::best().
  bool best = false;
  Resume resume = Resume::automatic;  ///< what becomes of checkpoints that are there already
};

/// The options of a run: those of `train` themselves, and a struct for each other section.
struct RunOptions {
  int epochs = 90;  ///< passes over the training images
  /// Images of an epoch; 0: as many as the training data has (data/sampling.h).
  std::size_t epoch_size = 0;
  /// Images of a step, over all ranks; a multiple of their number times `accumulate`.
  std::size_t batch = 256;
  /// Micro-batches into which each rank cuts its share of a step's images.
  int accumulate = 1;
  /// Equal parts of a step's images that go through the model each alone, dealt to the ranks whole,
  /// so that a run has the same bits on any number of ranks up to this one
  /// (dist/sharded_gradients.h); 0: each rank's images are one part.
  int shards = 0;
  /// Ends the run after that many steps; 0: after `epochs`. The schedule does not change.
  std::int64_t max_steps = 0;
  /// The same after that many hours, evaluations included, over all sessions; 0: no limit.
  double max_hours = 0;
  /// The same after so many evaluations in a row that were no better than the best; 0: never.
  int patience = 0;
  std::uint64_t seed = 0;      ///< of initial weights, order of images, augmentation and dropout
  double label_smoothing = 0;  ///< share of the target that is spread over all classes
  Precision precision = Precision::fp32;  ///< `automatic` is resolved for the device
  /// Stages of the model (Model::recompute) that the backward pass computes again, to need less
  /// memory.
  std::vector<std::string> recompute = {};
  /// Batch norm's statistics are those of all ranks' images, not of each rank's alone.
  bool sync_bn = false;
  bool channels_last = true;  ///< lay images and weights out as NHWC, which is faster
  bool tf32 = true;           ///< let GPUs multiply fp32 matrices as TF32
  /// Intra-op threads of a rank; 0: dist::World::cores, or 1 with `shards`, whose bits depend on
  /// it.
  int threads = 0;
  /// Convolutions of our own on a CPU, in training (kernels/fast_convolutions.h).
  kernels::FastConvolutions fast_convolutions = kernels::FastConvolutions::automatic;
  /// Only algorithms that give the same bits in each run; unset: on CPUs, not on GPUs
  /// (is_deterministic).
  std::optional<bool> deterministic = {};

  DataOptions data;                   ///< which images, and how they are read and normalized
  ModelRunOptions model;              ///< what `compose` makes, and when frozen parts are trained
  data::AugmentOptions augment;       ///< random changes to training images
  ProgressiveOptions progressive;     ///< training images that grow
  EvalRunOptions eval;                ///< evaluations of the validation images
  MixOptions mix;                     ///< images mixed with each other
  EraseOptions erase;                 ///< random erasing
  LossOptions loss;                   ///< what is minimized
  DistillationOptions distillation;   ///< learning from a teacher
  optim::OptimizerOptions optimizer;  ///< which one, with its learning rate and weight decay
  ScheduleRunOptions schedule;        ///< the learning rate over time
  SamOptions sam;                     ///< sharpness-aware minimization
  ClipOptions clip;                   ///< limits of the gradients
  AverageOptions average;             ///< of the weights, evaluated in their place
  CheckpointOptions checkpoint;       ///< when, how many, and what of those that are there
  /// How gradients travel between ranks.
  dist::Compression compress = dist::Compression::none;
  /// All ranks get rank 0's buffers at each step; else before evaluations and checkpoints alone.
  bool broadcast_buffers = false;
  /// Steps between lines in the log.
  int log_every = 100;
  /// Write the samples of each step to samples.csv.
  bool log_samples = false;
  /// Write TensorBoard's event files (train/event_log.h).
  bool tensorboard = true;
  /// Write an offline run of Weights & Biases (log/wandb_run.h), for this project of its.
  bool wandb = false;
  std::string wandb_project = "imgcls";  ///< what the run belongs to in Weights & Biases
  /// Sinks of a program's own for the run's figures (train/run_sink.h).
  std::vector<std::function<std::unique_ptr<RunSink>(const SinkContext&)>> sinks = {};
  /// What a program wants to be told of each step, epoch and evaluation.
  Callbacks callbacks = {};
  /// These steps are profiled: a trace of each rank (RunFiles::trace), and a table in the log.
  StepSpan profile;
  /// Lines for the log that tell how the parts were made, such as which weights were taken.
  std::vector<std::string> notes = {};
  /// Where results go (log/run_folder.h). Created.
  std::filesystem::path folder = "runs/run";
};

/// What the loaders of a run are told, on rank `rank` of `world`. For training throws ConfigError
/// when the batch cannot be cut into micro-batches or shards of equal size.
data::LoaderOptions train_loader_options(const RunOptions& options, int rank, int world);
/// Likewise for evaluation, by `eval`: each image once, batches dealt to the ranks whole.
data::LoaderOptions eval_loader_options(const RunOptions& options, int rank, int world);

/// Intra-op threads of a rank that has so many cores.
int compute_threads(const RunOptions& options, int cores);

/// Whether a run on that device ("cpu", "cuda:0") uses deterministic algorithms alone.
bool is_deterministic(const RunOptions& options, std::string_view device);

/// The options of a configuration. Throws ConfigError for values that contradict each other.
RunOptions run_options(const Config& config);

}  // namespace imgcls::train
