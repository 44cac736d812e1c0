package org.drag4j.pipeline;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.drag4j.device.Backend;
import org.drag4j.document.LongPrompt;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
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
import org.drag4j.text.ClipTextConfig;
import org.drag4j.text.ClipTextModel;
import org.drag4j.text.ClipTokenizer;
import org.drag4j.trace.Trace;
import org.drag4j.unet.UNet2DConditionModel;
import org.drag4j.vae.AutoencoderKL;
import org.drag4j.vae.Posterior;
import org.drag4j.weights.AddedToken;
import org.drag4j.weights.Component;
import org.drag4j.weights.ConfigException;
import org.drag4j.weights.ModelFolder;
import org.drag4j.weights.Vocabulary;

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

  /** Padding of the text encoders that OpenCLIP trained, as SD 2.x has one. */
  private static final String OPEN_CLIP_PAD = "!";

  /** Most characters of a prompt that a message shows. */
  private static final int SHOWN = 200;

  private final Backend backend;
  private final PlanOptions options;
  private final Residency residency;
  private final SchedulerConfig scheduler;
  private final ClipTokenizer tokenizer;
  private final Network<ClipTextModel> text;
  private final Network<AutoencoderKL> vae;
  private final Network<UNet2DConditionModel> unet;
  private final List<String> notes;
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
      Network<UNet2DConditionModel> unet,
      List<String> notes) {
    this.backend = backend;
    this.options = options;
    this.residency = residency;
    this.scheduler = scheduler;
    this.tokenizer = tokenizer;
    this.text = text;
    this.vae = vae;
    this.unet = unet;
    this.notes = notes;
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
    ModelKind.check(folder);
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
      var tokenizer = tokenizer(folder, text.config());
      check(folder, text, vae, unet, tokenizer);
      return new Pipeline(
          backend,
          options,
          residency,
          SchedulerConfig.of(folder.schedulerConfig()),
          tokenizer,
          new Network<>(textPart, text, backend),
          new Network<>(vaePart, vae, backend),
          new Network<>(unetPart, unet, backend),
          ClipTextConfig.notes(textPart.config()));
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
          "%s: tokenizer: expected at most %d tokens (text_encoder vocab_size), got %d; check that the tokenizer and text_encoder belong together"
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
  private static ClipTokenizer tokenizer(ModelFolder folder, ClipTextConfig text) {
    var own = folder.vocabulary();
    try {
      var tokenizer = own.isPresent() ? own(folder, own.get()) : openAi(folder, text);
      boolean openClip = own.isEmpty() && text.activation() == Op.UnaryFn.GELU;
      var pad = folder.padToken().orElse(openClip ? OPEN_CLIP_PAD : ClipTokenizer.END);
      var added = new HashMap<>(folder.addedTokens());
      var one = added.get(pad);
      var id = one == null ? tokenizer.id(pad) : OptionalInt.of(one.id());
      if (id.isEmpty()) {
        throw new ConfigException(
            "%s: tokenizer: pad_token: expected a token of the vocabulary, got %s; correct it in"
                    .formatted(folder.path(), EditDocumentException.quote(pad))
                + " tokenizer_config.json");
      }
      // As in transformers, it is a token of its own wherever it stands in a prompt.
      added.putIfAbsent(pad, new AddedToken(id.getAsInt(), false, false));
      return tokenizer.withAdded(added).withPadding(id.getAsInt());
    } catch (IllegalArgumentException e) {
      throw new ConfigException(folder.path() + ": " + e.getMessage());
    }
  }

  private static ClipTokenizer own(ModelFolder folder, Vocabulary vocabulary) {
    var end = vocabulary.tokens().get(ClipTokenizer.END);
    if (end == null) {
      throw new WeightMismatchException(
          "%s: tokenizer: expected the token %s in its vocabulary, got none; check that it is CLIP's"
              .formatted(folder.path(), ClipTokenizer.END));
    }
    return ClipTokenizer.of(vocabulary, end);
  }

  private static ClipTokenizer openAi(ModelFolder folder, ClipTextConfig text) {
    int size = ClipTokenizer.openAi().vocabularySize();
    if (text.vocabSize() != size) {
      throw new WeightMismatchException(
          "%s: expected a tokenizer, or a text_encoder of vocab_size %d as for CLIP's own, got none"
                  .formatted(folder.path(), size)
              + " and %d; fetch the model's folder tokenizer".formatted(text.vocabSize()));
    }
    return ClipTokenizer.openAi();
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

  /** What the model's files say that is left out of account, a line each. */
  public List<String> notes() {
    return notes;
  }

  /** What {@link #text} leaves off, a line a prompt. */
  public List<String> leftOff(List<String> prompts, LongPrompt longPrompts) {
    return switch (longPrompts) {
      case CHUNKS -> List.of();
      case CUT ->
          prompts.stream()
              .distinct()
              .filter(prompt -> tokenizer.excess(prompt) > 0)
              .map(this::leftOff)
              .toList();
    };
  }

  private String leftOff(String prompt) {
    int most = ClipTokenizer.LENGTH - 2;
    var off = tokenizer.leftOff(prompt);
    var shown = off.length() > SHOWN ? off.substring(0, SHOWN) + "..." : off;
    return ("prompt: expected at most %d tokens, got %d; left off %s; shorten it, or use"
            + " --long-prompt chunks")
        .formatted(
            most, most + tokenizer.excess(prompt), '"' + shown.replaceAll("\\p{C}", "?") + '"');
  }

  @Override
  public List<float[]> text(List<String> prompts, LongPrompt longPrompts) {
    var pieces =
        prompts.stream()
            .map(prompt ->
                switch (longPrompts) {
                  case CUT -> List.of(tokenizer.tokenize(prompt));
                  case CHUNKS -> tokenizer.chunks(prompt);
                })
            .toList();
    int each = pieces.stream().mapToInt(List::size).max().orElse(1);
    var empty = tokenizer.tokenize("");
    int batch = prompts.size() * each;
    int[] ids = new int[batch * ClipTokenizer.LENGTH];
    for (int i = 0; i < batch; i++) {
      var of = pieces.get(i / each);
      int[] piece = i % each < of.size() ? of.get(i % each) : empty;
      System.arraycopy(piece, 0, ids, i * ClipTokenizer.LENGTH, ClipTokenizer.LENGTH);
    }
    var graph = new Graph(Hook.NONE);
    var input = graph.input("ids", Shape.of(batch, ClipTokenizer.LENGTH), DType.I32);
    text.model().forward(input).last().output("context");
    try (var plan = Plan.compile(graph, backend, text.weights(), options)) {
      plan.tensor("ids").write(ids);
      plan.run(trace);
      var contexts = new ArrayList<float[]>();
      for (int i = 0; i < batch; i += each) {
        contexts.add(plan.tensor("context").batch(i, each).read());
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
