package org.drag4j.pipeline;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.drag4j.device.Backend;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.picture.Picture;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.SchedulerConfig;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.Weights;
import org.drag4j.text.ClipTextModel;
import org.drag4j.text.ClipTokenizer;
import org.drag4j.trace.Trace;
import org.drag4j.unet.UNet2DConditionModel;
import org.drag4j.vae.AutoencoderKL;
import org.drag4j.vae.Posterior;
import org.drag4j.weights.Component;
import org.drag4j.weights.Config;
import org.drag4j.weights.ConfigException;
import org.drag4j.weights.ModelFolder;

/**
 * A Stable Diffusion model on a device: tokenizer, text encoder, autoencoder, denoiser. Everything
 * about the model is checked when it is opened; weights are loaded when a network is first used.
 */
public final class Pipeline implements Models, AutoCloseable {
  /** What happens to a network's weights once a phase of an edit is over. */
  public enum Residency {
    /** Weights are given back: the least memory for one edit. */
    RELEASE,
    /** Weights stay for the next edit. */
    KEEP
  }

  /** Device memory that is left for recordings, libraries and fragmentation. */
  private static final long RESERVE = 256L << 20;

  /** Samples of one call where the device has room for more: work stops only between calls. */
  private static final int MAX_SAMPLES = 32;

  private final Backend backend;
  private final PlanOptions options;
  private final Residency residency;
  private final SchedulerConfig scheduler;
  private final ClipTokenizer tokenizer;
  private final Network<ClipTextModel> text;
  private final Network<AutoencoderKL> vae;
  private final Network<UNet2DConditionModel> unet;
  private final SharedWork shared = new SharedWork();
  private Trace trace = Trace.OFF;

  private Pipeline(
      Backend backend,
      PlanOptions options,
      Residency residency,
      SchedulerConfig scheduler,
      ClipTokenizer tokenizer,
      Network<ClipTextModel> text,
      Network<AutoencoderKL> vae,
      Network<UNet2DConditionModel> unet) {
    this.backend = backend;
    this.options = options;
    this.residency = residency;
    this.scheduler = scheduler;
    this.tokenizer = tokenizer;
    this.text = text;
    this.vae = vae;
    this.unet = unet;
  }

  /** Opens a model whose weights are given back after each phase. */
  public static Pipeline open(ModelFolder folder, Backend backend, PlanOptions options) {
    return open(folder, backend, options, Residency.RELEASE);
  }

  /**
   * Opens a model. The backend stays the caller's.
   *
   * @throws org.drag4j.weights.ModelException where a file is missing or damaged
   * @throws WeightMismatchException where configuration and weights do not belong together
   */
  public static Pipeline open(
      ModelFolder folder, Backend backend, PlanOptions options, Residency residency) {
    Deque<Component> opened = new ArrayDeque<>();
    try {
      var textPart = folder.component("text_encoder");
      opened.add(textPart);
      var vaePart = folder.component("vae");
      opened.add(vaePart);
      var unetPart = folder.component("unet");
      opened.add(unetPart);
      var text = ClipTextModel.load(Weights.of(textPart.weights()), textPart.config());
      var vae = AutoencoderKL.load(Weights.of(vaePart.weights()), vaePart.config());
      var unet = UNet2DConditionModel.load(Weights.of(unetPart.weights()), unetPart.config());
      var tokenizer = tokenizer(folder);
      check(folder, text, vae, unet, tokenizer);
      return new Pipeline(
          backend,
          options,
          residency,
          scheduler(folder.schedulerConfig()),
          tokenizer,
          new Network<>(textPart, text, backend),
          new Network<>(vaePart, vae, backend),
          new Network<>(unetPart, unet, backend));
    } catch (RuntimeException | Error e) {
      opened.forEach(Component::close);
      throw e;
    }
  }

  /** The parts must fit each other, not only their own configurations. */
  private static void check(
      ModelFolder folder,
      ClipTextModel text,
      AutoencoderKL vae,
      UNet2DConditionModel unet,
      ClipTokenizer tokenizer) {
    same(
        folder,
        "text_encoder hidden_size and unet cross_attention_dim",
        text.config().hiddenSize(),
        unet.config().crossAttentionDim());
    same(
        folder,
        "vae latent_channels and unet in_channels",
        vae.config().latentChannels(),
        unet.config().inChannels());
    same(
        folder,
        "unet in_channels and out_channels",
        unet.config().inChannels(),
        unet.config().outChannels());
    same(
        folder,
        "text_encoder max_position_embeddings and the tokenizer's length",
        text.config().maxPositions(),
        ClipTokenizer.LENGTH);
    if (tokenizer.vocabularySize() > text.config().vocabSize()) {
      throw new WeightMismatchException(
          "%s: tokenizer: expected at most %d tokens (text_encoder vocab_size), got %d; check that vocab.json and text_encoder belong together"
              .formatted(folder.path(), text.config().vocabSize(), tokenizer.vocabularySize()));
    }
  }

  private static void same(ModelFolder folder, String what, int a, int b) {
    if (a != b) {
      throw new WeightMismatchException(
          "%s: %s: expected the same number, got %d and %d; check that the parts belong together"
              .formatted(folder.path(), what, a, b));
    }
  }

  /** The folder's own tokenizer, or the public CLIP vocabulary where it has none. */
  private static ClipTokenizer tokenizer(ModelFolder folder) {
    var vocabulary = folder.vocabulary();
    if (vocabulary.isEmpty()) {
      return ClipTokenizer.openAi();
    }
    var tokens = vocabulary.get().tokens();
    var end = tokens.get(ClipTokenizer.END);
    if (end == null) {
      throw new WeightMismatchException(
          "%s: tokenizer/vocab.json: expected the token %s, got none; check that it is CLIP's"
              .formatted(folder.path(), ClipTokenizer.END));
    }
    int pad = folder.padToken().map(tokens::get).orElse(end);
    return ClipTokenizer.of(vocabulary.get(), pad);
  }

  private static SchedulerConfig scheduler(Config c) {
    Map<String, Object> values = new HashMap<>();
    for (var key : c.keys()) {
      switch (key) {
        case "num_train_timesteps", "steps_offset" -> values.put(key, c.integer(key));
        case "beta_start", "beta_end" -> values.put(key, c.number(key));
        case "beta_schedule", "prediction_type", "timestep_spacing" ->
            values.put(key, c.string(key));
        case "set_alpha_to_one" -> values.put(key, c.bool(key, false));
        case "trained_betas" -> throw c.unexpected(key, "null: tables are computed");
        default -> {}
      }
    }
    try {
      return SchedulerConfig.of(values);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(c.origin() + ": " + e.getMessage());
    }
  }

  /** Everything but its inputs that the denoiser's results depend on. */
  public String identity() {
    return String.join(
        "\n",
        unet.digest(),
        unet.model().config().toString(),
        scheduler.toString(),
        backend.device(),
        backend.activations().toString());
  }

  /** Memory for keys and values. */
  public DeviceMemory allocateBank(long bytes) {
    return backend.allocate(bytes, "keys and values");
  }

  /** Lets a trace see every step of every plan from now on. */
  public void trace(Trace to) {
    trace = to;
  }

  @Override
  public SchedulerConfig scheduler() {
    return scheduler;
  }

  @Override
  public ModelShape shape() {
    return ModelShape.of(unet.model().config(), vae.model().config());
  }

  /** The tokenizer of prompts. */
  public ClipTokenizer tokenizer() {
    return tokenizer;
  }

  @Override
  public List<float[]> text(List<String> prompts) {
    int batch = prompts.size();
    int[] ids = new int[batch * ClipTokenizer.LENGTH];
    for (int i = 0; i < batch; i++) {
      System.arraycopy(
          tokenizer.tokenize(prompts.get(i)),
          0,
          ids,
          i * ClipTokenizer.LENGTH,
          ClipTokenizer.LENGTH);
    }
    var graph = new Graph(Hook.NONE);
    var input = graph.input("ids", Shape.of(batch, ClipTokenizer.LENGTH), DType.I32);
    text.model().forward(input).last().output("context");
    try (var plan = Plan.compile(graph, backend, text.weights(), options)) {
      plan.tensor("ids").write(ids);
      plan.run(trace);
      var contexts = new ArrayList<float[]>();
      for (int i = 0; i < batch; i++) {
        contexts.add(plan.tensor("context").batch(i, 1).read());
      }
      return contexts;
    } finally {
      doneWith(text);
    }
  }

  @Override
  public Posterior encode(Picture picture) {
    int channels = vae.model().config().inChannels();
    var shape = Shape.of(1, picture.height(), picture.width(), channels);
    var moments = vae(picture.toModel(), shape, true);
    return Posterior.of(moments, shape().latentChannels());
  }

  @Override
  public float[] decode(float[] latent, LatentGrid grid) {
    float scale = shape().scalingFactor();
    var z = new float[latent.length];
    for (int i = 0; i < z.length; i++) {
      z[i] = latent[i] / scale;
    }
    return vae(z, Shape.of(1, grid.height(), grid.width(), grid.channels()), false);
  }

  private float[] vae(float[] x, Shape shape, boolean encode) {
    var graph = new Graph(Hook.NONE);
    var input = graph.input("x", shape, DType.F32);
    (encode ? vae.model().encode(input) : vae.model().decode(input)).output("y");
    try (var plan = Plan.compile(graph, backend, vae.weights(), options)) {
      plan.tensor("x").write(x);
      plan.run(trace);
      return plan.tensor("y").read();
    } finally {
      doneWith(vae);
    }
  }

  @Override
  public Program compile(Consumer<Scope> build) {
    return CompiledProgram.compile(build, unet, backend, options, shared, trace);
  }

  @Override
  public int fitting(IntFunction<Consumer<Scope>> build, int most) {
    var free = backend.freeBytes();
    if (free.isEmpty()) {
      return most;
    }
    long room = free.getAsLong() - RESERVE - unet.missingBytes(backend.activations());
    int fits = 1;
    int tooMany = Math.min(most, MAX_SAMPLES) + 1;
    for (int samples = tooMany - 1; fits < tooMany - 1; samples = (fits + tooMany) / 2) {
      long bytes =
          CompiledProgram.bytes(build.apply(samples), unet.model(), backend, options, most);
      if (bytes <= room) {
        fits = samples;
      } else {
        tooMany = samples;
      }
    }
    return fits;
  }

  @Override
  public SiteBank bank(Program capturing, int slots) {
    return new SiteBank(capturing.sites(), capturing.siteType(), slots, this::allocateBank);
  }

  /**
   * Ends an edit's use of programs, which are closed by now: values computed once are given back,
   * and the UNet's weights unless they stay.
   */
  public void doneWithPrograms() {
    shared.close();
    doneWith(unet);
  }

  private void doneWith(Network<?> network) {
    if (residency == Residency.RELEASE) {
      network.release();
    }
  }

  @Override
  public void close() {
    shared.close();
    text.close();
    vae.close();
    unet.close();
  }
}
