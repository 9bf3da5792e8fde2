#include <imgcls/augment/transform_fields.h>
#include <imgcls/optim/optimizer_fields.h>
#include <imgcls/optim/schedule.h>
#include <imgcls/train/run_fields.h>

#include <fmt/format.h>

#include <limits>

namespace imgcls::train {
namespace {

using nlohmann::json;

constexpr double kMost = std::numeric_limits<std::int32_t>::max();
constexpr double kLargestSeed = std::uint64_t{1} << 53;  // what every JSON reader keeps exactly

constexpr Names<BatchScaling, 3> kBatchScalings{{{BatchScaling::none, "none"},
                                                 {BatchScaling::linear, "linear"},
                                                 {BatchScaling::square_root, "sqrt"}}};
constexpr Names<Precision, 4> kPrecisions{{{Precision::fp32, "fp32"},
                                           {Precision::bf16, "bf16"},
                                           {Precision::fp16, "fp16"},
                                           {Precision::automatic, "auto"}}};
constexpr Names<kernels::FastConvolutions, 3> kFastConvolutions{
    {{kernels::FastConvolutions::automatic, "auto"},
     {kernels::FastConvolutions::on, "on"},
     {kernels::FastConvolutions::off, "off"}}};
constexpr Names<Resume, 3> kResumes{
    {{Resume::automatic, "auto"}, {Resume::never, "never"}, {Resume::changed, "changed"}}};
constexpr Names<dist::DeviceKind, 3> kDevices{{{dist::DeviceKind::automatic, "auto"},
                                               {dist::DeviceKind::cpu, "cpu"},
                                               {dist::DeviceKind::cuda, "cuda"}}};
constexpr Names<dist::Compression, 2> kCompressions{
    {{dist::Compression::none, "none"}, {dist::Compression::fp16, "fp16"}}};

std::string text_of(const StepSpan& span) {
  return span.first == 0 ? "" : fmt::format("{}-{}", span.first, span.last);
}

}  // namespace

const OptionFields<EvalRunOptions>& eval_fields() {
  using O = EvalRunOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.include(&O::transform, data::eval_transform_fields());
    f.add("batch", &O::batch, "Images of a batch on one rank.", Limits::between(1, kMost));
    f.add("flip", &O::flip,
          "Average each image's logits with those of its mirror image: twice the time, and a "
          "higher accuracy, which is to be reported as such.");
    f.add("fast_convolutions", &O::fast_convolutions,
          "Evaluate with the convolutions of train.fast_convolutions; else with oneDNN's, whose "
          "accuracies are comparable to the image.");
    f.add("every_epochs", &O::every_epochs, "Epochs from one validation to the next.",
          Limits::between(1, kMost));
    f.add("bn_images", &O::bn_images,
          "Compute batch norm's running statistics anew before a validation, for the weights that "
          "are validated, over so many training images (whole batches, an epoch at most), as "
          "torch.optim.swa_utils.update_bn does; 0: take those from training.",
          Limits::between(0, kMost));
    f.add("metric", &O::metric, kMetrics,
          "Figure by which validations are compared, for checkpoint.best and train.patience: top-1 "
          "accuracy, top-5 accuracy, the loss, or with data.multi_label the mean average "
          "precision.");
    return f;
  }();
  return fields;
}

const OptionFields<RunOptions>& train_fields() {
  using O = RunOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("epochs", &O::epochs, "Passes over the training images.", Limits::between(1, kMost));
    f.add("epoch_size", &O::epoch_size,
          "Images of an epoch, of a sequence that has all of them before one comes again; 0: as "
          "many as there are.",
          Limits::between(0, kMost));
    f.add("batch", &O::batch, "Images of a step, over all ranks.", Limits::between(1, kMost));
    f.add("accumulate", &O::accumulate,
          "Micro-batches into which each rank cuts its share of a step's images, to need less "
          "memory; train.batch is a multiple of ranks times this.",
          Limits::between(1, 65536));
    f.add("shards", &O::shards,
          "Cut a step's images into so many parts, deal them to the ranks whole, and train as if "
          "each had a rank of its own: the run then has the same bits on any number of ranks up to "
          "this one, and can go on with another; 0: each rank's images are one part.",
          Limits::between(0, 65536));
    f.add("max_steps", &O::max_steps, "Stop after so many optimizer steps; 0: no limit.",
          Limits::between(0, kMost));
    f.add("max_hours", &O::max_hours,
          "End after so many hours of training and validation, over all sessions of the run: what "
          "was trained is validated and saved; 0: no limit.",
          Limits::at_least(0));
    f.add("patience", &O::patience,
          "End when so many validations in a row were no better than the best by eval.metric; 0: "
          "never.",
          Limits::between(0, kMost));
    f.add("seed", &O::seed, "Seed of initial weights, order of images and augmentation.",
          Limits::between(0, kLargestSeed));
    f.add("label_smoothing", &O::label_smoothing,
          "Share of the target that is spread over all classes.", {.minimum = 0, .below = 1});
    f.add("precision", &O::precision, kPrecisions,
          "Number format of the forward and backward pass; bf16 and fp16 by autocast, fp16 with a "
          "loss scale; auto: bf16 where the device multiplies it in hardware, else fp32. Weights "
          "stay fp32.");
    f.add("recompute", &O::recompute,
          "Stages of the model, such as layer1, of which nothing but the input is kept for the "
          "backward pass, which computes the rest again: less memory and more time, and the same "
          "bits; [\"all\"]: each stage.");
    f.add("sync_bn", &O::sync_bn,
          "Batch norm takes its statistics from the images of all ranks, not from each rank's "
          "alone.");
    f.add("broadcast_buffers", &O::broadcast_buffers,
          "Give all ranks rank 0's buffers (running statistics) at each step, as PyTorch's "
          "DistributedDataParallel does; else before evaluations and checkpoints alone, which "
          "gives the same results unless a model reads buffers in training.");
    f.add("channels_last", &O::channels_last,
          "Lay images and weights out as NHWC, which is faster.");
    f.add("tf32", &O::tf32, "Let GPUs multiply fp32 matrices as TF32.");
    f.add("threads", &O::threads,
          "Threads of each rank that compute; 0: cores of the machine divided by its ranks, or 1 "
          "with "
          "train.shards, whose bits depend on it.",
          Limits::between(0, 1024));
    f.add("fast_convolutions", &O::fast_convolutions, kFastConvolutions,
          "Compute convolutions on a CPU by Winograd's algorithm and by products of matrices where "
          "that is faster than oneDNN, in fp32 and channels_last; auto: on processors with AVX2 "
          "and without AVX-512.");
    f.add(
        "deterministic", {{"enum", {"auto", true, false}}, {"type", {"string", "boolean"}}},
        [](const json& value, O& to) {
          to.deterministic = value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
        },
        [](const O& from) { return from.deterministic ? json(*from.deterministic) : json("auto"); },
        "Use only algorithms that give the same bits each time; auto: on CPUs, where that costs "
        "nothing, and not on GPUs, where it forbids the search for the fastest convolutions.");
    return f;
  }();
  return fields;
}

const OptionFields<ScheduleRunOptions>& schedule_fields() {
  using O = ScheduleRunOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_choice("name", &O::name, optim::schedules().names(),
                 "Course of the learning rate after warm-up.");
    f.add("warmup_epochs", &O::warmup_epochs,
          "Epochs over which the learning rate rises linearly; may be a fraction. It ends at the "
          "nearest step, of 2.5 steps the third; less than half a step is no warm-up, and is "
          "warned of.",
          Limits::at_least(0));
    f.add("warmup_from", &O::warmup_from,
          "Factor of the learning rate at the first step of the warm-up.", Limits::between(0, 1));
    f.add(
        "final_lr", &O::final_lr,
        "cosine, linear, polynomial, trapezoid: learning rate at the end; plateau: the lowest one.",
        Limits::at_least(0));
    f.add_optional("final_weight_decay", &O::final_weight_decay,
                   "Weight decay at the end, to which it changes from optimizer.weight_decay by "
                   "half a cosine over the run, and those of groups in proportion; -1: it stays.",
                   Limits::at_least(-1));
    f.add("batch_scaling", &O::batch_scaling, kBatchScalings,
          "Take optimizer.lr for that of base_batch images, and multiply it by train.batch / "
          "base_batch (linear) or the root of that (sqrt).");
    f.add("base_batch", &O::base_batch, "Images of a step for which optimizer.lr is given.",
          Limits::between(1, kMost));
    return f;
  }();
  return fields;
}

const OptionFields<CheckpointOptions>& checkpoint_fields() {
  using O = CheckpointOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("every_epochs", &O::every_epochs,
          "Epochs from one checkpoint to the next; 0: only at the end and when stopped.",
          Limits::between(0, kMost));
    f.add("every_steps", &O::every_steps,
          "Steps from one checkpoint to the next; 0: by epochs alone.", Limits::between(0, kMost));
    f.add("keep", &O::keep, "How many of the newest checkpoints are kept.",
          Limits::between(1, kMost));
    f.add("best", &O::best,
          "Keep the weights of the best validation by eval.metric, in best/ in the run's folder, "
          "besides the newest checkpoints.");
    f.add("resume", &O::resume, kResumes,
          "auto: go on from the newest good checkpoint in the run's folder, if there is one; "
          "changed: the same, although configuration or data have changed: every difference is "
          "printed and recorded; never: start anew.");
    return f;
  }();
  return fields;
}

const OptionFields<RunOptions>& log_fields() {
  using O = RunOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("every", &O::log_every, "Steps from one line of training figures to the next.",
          Limits::between(1, kMost));
    f.add("tensorboard", &O::tensorboard,
          "Write event files for TensorBoard into the run's folder.");
    f.add("wandb", &O::wandb,
          "Write an offline run of Weights & Biases into the run's folder; imgcls wandb sync "
          "uploads it.");
    f.add(
        "wandb_project", {{"type", "string"}, {"minLength", 1}},
        [](const json& value, O& to) { to.wandb_project = value; },
        [](const O& from) { return json(from.wandb_project); },
        "Project of Weights & Biases that the run belongs to.");
    f.add("samples", &O::log_samples,
          "Write the numbers of the images of each step to samples.csv, to check their order.");
    return f;
  }();
  return fields;
}

const OptionFields<RunOptions>& profile_fields() {
  using O = RunOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add(
        "steps", {{"type", "string"}},
        [](const json& value, O& to) { to.profile = parse_step_span(value.get<std::string>()); },
        [](const O& from) { return json(text_of(from.profile)); },
        "Steps to profile, FIRST-LAST from 1, such as 66-74; traces for chrome://tracing go to "
        "profile/ in the run's folder. Empty: none.");
    return f;
  }();
  return fields;
}

const OptionFields<RunFolderOptions>& run_folder_fields() {
  using O = RunFolderOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("dir", &O::dir,
          "Folder of the results; empty: runs/MODEL-DATA, after model.name and data.name.");
    return f;
  }();
  return fields;
}

const OptionFields<dist::LaunchOptions>& launch_fields() {
  using O = dist::LaunchOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("device", &O::device, kDevices, "What ranks compute on; auto: GPUs where there are any.");
    f.add("timeout_s", &O::timeout_s,
          "Seconds after which a rank that does not answer ends the run.",
          {.above = 0, .maximum = 1e9});
    return f;
  }();
  return fields;
}

const OptionFields<RunOptions>& dist_fields() {
  using O = RunOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("compress", &O::compress, kCompressions,
          "How gradients travel between ranks: as they are, or rounded to half precision, in half "
          "the bytes.");
    return f;
  }();
  return fields;
}

}  // namespace imgcls::train
