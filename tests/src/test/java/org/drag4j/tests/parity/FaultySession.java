package org.drag4j.tests.parity;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import org.drag4j.document.LongPrompt;
import org.drag4j.geometry.Task;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Value;
import org.drag4j.method.Given;
import org.drag4j.method.Kept;
import org.drag4j.method.Noise;
import org.drag4j.method.Session;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.ModelShape;
import org.drag4j.pipeline.Models;
import org.drag4j.pipeline.Program;
import org.drag4j.pipeline.Progress;
import org.drag4j.pipeline.Scope;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.SchedulerConfig;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.vae.Posterior;
import org.jspecify.annotations.Nullable;

/** A session that is what it wraps; subclasses get one thing wrong. */
class FaultySession implements Session {
  final Session right;

  FaultySession(Session right) {
    this.right = right;
  }

  @Override
  public Picture picture() {
    return right.picture();
  }

  @Override
  public List<Picture> pictures() {
    return right.pictures();
  }

  @Override
  public String prompt() {
    return right.prompt();
  }

  @Override
  public Given given() {
    return right.given();
  }

  @Override
  public Task task() {
    return right.task();
  }

  @Override
  public Models models() {
    return right.models();
  }

  @Override
  public SchedulerConfig scheduler() {
    return right.scheduler();
  }

  @Override
  public Noise noise() {
    return right.noise();
  }

  @Override
  public Kept kept() {
    return right.kept();
  }

  @Override
  public Progress progress() {
    return right.progress();
  }

  @Override
  public void observe(String name, float[] latent) {
    right.observe(name, latent);
  }

  /** Does not know what the picture shows. */
  static final class NoPrompt extends FaultySession {
    NoPrompt(Session right) {
      super(right);
    }

    @Override
    public String prompt() {
      return "";
    }
  }

  /** Networks that are what they wrap. */
  private static class RightModels implements Models {
    private final Models right;

    RightModels(Models right) {
      this.right = right;
    }

    @Override
    public ModelShape shape() {
      return right.shape();
    }

    @Override
    public SchedulerConfig scheduler() {
      return right.scheduler();
    }

    @Override
    public List<float[]> text(List<String> prompts, LongPrompt longPrompts) {
      return right.text(prompts, longPrompts);
    }

    @Override
    public Posterior encode(Picture picture) {
      return right.encode(picture);
    }

    @Override
    public float[] decode(float[] latent, LatentGrid grid) {
      return right.decode(latent, grid);
    }

    @Override
    public Program compile(Consumer<Scope> build) {
      return right.compile(build);
    }

    @Override
    public int fitting(IntFunction<Consumer<Scope>> build, int most) {
      return right.fitting(build, most);
    }

    @Override
    public SiteBank bank(Program capturing, int slots) {
      return right.bank(capturing, slots);
    }
  }

  /** Denoises without the original's keys and values. */
  static final class NoInjection extends FaultySession {
    private boolean banked;

    NoInjection(Session right) {
      super(right);
    }

    @Override
    public Models models() {
      return new RightModels(super.models()) {
        @Override
        public SiteBank bank(Program capturing, int slots) {
          banked = true;
          return super.bank(capturing, slots);
        }

        @Override
        public Program compile(Consumer<Scope> build) {
          return super.compile(banked ? scope -> build.accept(new Unhooked(scope)) : build);
        }
      };
    }
  }

  /** A scope whose network calls have no hooks. */
  private record Unhooked(Scope right) implements Scope {
    @Override
    public Value input(String name, int... dims) {
      return right.input(name, dims);
    }

    @Override
    public Value fixed(String name, float[] values, int... dims) {
      return right.fixed(name, values, dims);
    }

    @Override
    public Value unet(String call, Value latents, Value timesteps, Value context, Hook hook) {
      return right.unet(call, latents, timesteps, context, Hook.NONE);
    }
  }

  /** Gets the keys and values that denoising injects wrong. */
  abstract static class WrongTensors extends FaultySession {
    private @Nullable SiteBank bank;
    private int slots;

    WrongTensors(Session right) {
      super(right);
    }

    abstract SiteBank.Slots wrong(int step, SiteBank.Slots slots);

    /** What is injected in a step of the way back. */
    SiteBank.Slots ofStep(int step) {
      return Objects.requireNonNull(bank).from(slots - 1 - step);
    }

    @Override
    public Models models() {
      return new RightModels(super.models()) {
        @Override
        public SiteBank bank(Program capturing, int count) {
          slots = count;
          var made = super.bank(capturing, count);
          bank = made;
          return made;
        }

        @Override
        public Program compile(Consumer<Scope> build) {
          var program = super.compile(build);
          return bank == null ? program : new Injecting(program, WrongTensors.this);
        }
      };
    }
  }

  private static final class Injecting implements Program {
    private final Program right;
    private final WrongTensors session;
    private int step;

    Injecting(Program right, WrongTensors session) {
      this.right = right;
      this.session = session;
    }

    @Override
    public Program set(String input, float... values) {
      right.set(input, values);
      return this;
    }

    @Override
    public Program slots(SiteBank.Slots slots) {
      right.slots(session.wrong(step++, slots));
      return this;
    }

    @Override
    public Program run() {
      right.run();
      return this;
    }

    @Override
    public float[] get(String output) {
      return right.get(output);
    }

    @Override
    public Map<String, Shape> sites() {
      return right.sites();
    }

    @Override
    public DType siteType() {
      return right.siteType();
    }

    @Override
    public void close() {
      right.close();
    }
  }

  /** Injects what two layers captured into each other. */
  static final class SwappedLayers extends WrongTensors {
    SwappedLayers(Session right) {
      super(right);
    }

    @Override
    SiteBank.Slots wrong(int step, SiteBank.Slots slots) {
      var wrong = new HashMap<String, Tensor>();
      UnaryOperator<String> other =
          site ->
              site.contains("up_blocks.3.attentions.0.")
                  ? site.replace("attentions.0.", "attentions.1.")
                  : site.contains("up_blocks.3.attentions.1.")
                      ? site.replace("attentions.1.", "attentions.0.")
                      : site;
      slots.banks().forEach((site, tensor) -> wrong.put(other.apply(site), tensor));
      return new SiteBank.Slots(wrong, slots.first());
    }
  }

  /** Injects what was captured for two steps into each other. */
  static final class SwappedSteps extends WrongTensors {
    private final int step;

    SwappedSteps(Session right, int step) {
      super(right);
      this.step = step;
    }

    @Override
    SiteBank.Slots wrong(int at, SiteBank.Slots slots) {
      return at == step ? ofStep(step + 1) : at == step + 1 ? ofStep(step) : slots;
    }
  }

  /** Adds the same random numbers in a step out as in the step before. */
  static final class RepeatedDraw extends FaultySession {
    private final int step;
    private final Map<Integer, float[]> drawn = new HashMap<>();

    RepeatedDraw(Session right, int step) {
      super(right);
      this.step = step;
    }

    @Override
    public Noise noise() {
      return count -> {
        var numbers = super.noise().draw(count);
        // The first draw is the posterior's.
        int draw = drawn.size() - 1;
        drawn.put(drawn.size(), numbers);
        return draw == step ? Objects.requireNonNull(drawn.get(draw)) : numbers;
      };
    }
  }

  /** Replays, in a step back, the noise stored for the step before. */
  static final class WrongStoredNoise extends FaultySession {
    private final int step;
    private float[] before = new float[0];

    WrongStoredNoise(Session right, int step) {
      super(right);
      this.step = step;
    }

    @Override
    public void observe(String name, float[] latent) {
      super.observe(name, latent);
      if (name.equals("invert.%02d.noise".formatted(step - 1))) {
        before = latent.clone();
      } else if (name.equals("invert.%02d.noise".formatted(step))) {
        // The method goes on with this very array.
        System.arraycopy(before, 0, latent, 0, latent.length);
      }
    }
  }

  /** Leaves the copying out from some step on: a step goes on with what the one before gave. */
  static final class EarlyStop extends FaultySession {
    private final int steps;
    private float[] before = new float[0];

    EarlyStop(Session right, int steps) {
      super(right);
      this.steps = steps;
    }

    @Override
    public void observe(String name, float[] latent) {
      if (name.matches("denoise\\.\\d+\\.out")) {
        before = latent.clone();
      } else if (name.matches("denoise\\.\\d+\\.in")
          && Integer.parseInt(name.replaceAll("\\D", "")) >= steps) {
        // The method goes on with this very array.
        System.arraycopy(before, 0, latent, 0, latent.length);
      }
      super.observe(name, latent);
    }
  }
}
