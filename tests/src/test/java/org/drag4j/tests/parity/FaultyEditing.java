package org.drag4j.tests.parity;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.drag4j.graph.Hook;
import org.drag4j.method.Editing;
import org.drag4j.method.Noise;
import org.drag4j.pipeline.Denoiser;
import org.drag4j.pipeline.Progress;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.CycleSde;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** An editing that is what it wraps; subclasses get one thing wrong. */
class FaultyEditing implements Editing {
  final Editing right;

  FaultyEditing(Editing right) {
    this.right = right;
  }

  @Override
  public LatentGrid grid() {
    return right.grid();
  }

  @Override
  public CycleSde sde() {
    return right.sde();
  }

  @Override
  public float[] source() {
    return right.source();
  }

  @Override
  public float[] preview() {
    return right.preview();
  }

  @Override
  public int[] sourceCells() {
    return right.sourceCells();
  }

  @Override
  public int[] targetCells() {
    return right.targetCells();
  }

  @Override
  public int[] targetBorderCells() {
    return right.targetBorderCells();
  }

  @Override
  public boolean[] editable() {
    return right.editable();
  }

  @Override
  public Noise noise() {
    return right.noise();
  }

  @Override
  public Denoiser denoiser(Hook hook, int batch) {
    return right.denoiser(hook, batch);
  }

  @Override
  public SiteBank bank(Denoiser capturing, int slots) {
    return right.bank(capturing, slots);
  }

  @Override
  public Progress progress() {
    return right.progress();
  }

  @Override
  public void paste(int step, float[] from, int[] source, float[] into, int[] target) {
    right.paste(step, from, source, into, target);
  }

  @Override
  public void observe(String name, float[] latent) {
    right.observe(name, latent);
  }

  /** Denoises without the original's keys and values. */
  static final class NoInjection extends FaultyEditing {
    private boolean banked;

    NoInjection(Editing right) {
      super(right);
    }

    @Override
    public SiteBank bank(Denoiser capturing, int slots) {
      banked = true;
      return super.bank(capturing, slots);
    }

    @Override
    public Denoiser denoiser(Hook hook, int batch) {
      return super.denoiser(banked ? Hook.NONE : hook, batch);
    }
  }

  /** Gets the keys and values that denoising injects wrong. */
  abstract static class WrongTensors extends FaultyEditing {
    private @Nullable SiteBank bank;
    private int slots;

    WrongTensors(Editing right) {
      super(right);
    }

    abstract SiteBank.Slots wrong(int step, SiteBank.Slots slots);

    /** What is injected in a step of the way back. */
    SiteBank.Slots ofStep(int step) {
      return Objects.requireNonNull(bank).from(slots - 1 - step);
    }

    @Override
    public SiteBank bank(Denoiser capturing, int count) {
      slots = count;
      bank = super.bank(capturing, count);
      return bank;
    }

    @Override
    public Denoiser denoiser(Hook hook, int batch) {
      var denoiser = super.denoiser(hook, batch);
      return bank == null ? denoiser : new Injecting(denoiser, this);
    }
  }

  private static final class Injecting implements Denoiser {
    private final Denoiser right;
    private final WrongTensors editing;
    private int step;

    Injecting(Denoiser right, WrongTensors editing) {
      this.right = right;
      this.editing = editing;
    }

    @Override
    public LatentGrid grid() {
      return right.grid();
    }

    @Override
    public int batch() {
      return right.batch();
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
    public float[] predict(float[] latents, int[] timesteps, SiteBank.Slots slots) {
      return right.predict(latents, timesteps, editing.wrong(step++, slots));
    }

    @Override
    public void close() {
      right.close();
    }
  }

  /** Injects what two layers captured into each other. */
  static final class SwappedLayers extends WrongTensors {
    SwappedLayers(Editing right) {
      super(right);
    }

    @Override
    SiteBank.Slots wrong(int step, SiteBank.Slots slots) {
      var wrong = new HashMap<String, Tensor>();
      UnaryOperator<String> other =
          site ->
              site.startsWith("up_blocks.3.attentions.0.")
                  ? site.replace("attentions.0.", "attentions.1.")
                  : site.startsWith("up_blocks.3.attentions.1.")
                      ? site.replace("attentions.1.", "attentions.0.")
                      : site;
      slots.banks().forEach((site, tensor) -> wrong.put(other.apply(site), tensor));
      return new SiteBank.Slots(wrong, slots.first());
    }
  }

  /** Injects what was captured for two steps into each other. */
  static final class SwappedSteps extends WrongTensors {
    private final int step;

    SwappedSteps(Editing right, int step) {
      super(right);
      this.step = step;
    }

    @Override
    SiteBank.Slots wrong(int at, SiteBank.Slots slots) {
      return at == step ? ofStep(step + 1) : at == step + 1 ? ofStep(step) : slots;
    }
  }

  /** Adds the same random numbers in a step out as in the step before. */
  static final class RepeatedDraw extends FaultyEditing {
    private final int step;
    private final Map<Integer, float[]> drawn = new HashMap<>();

    RepeatedDraw(Editing right, int step) {
      super(right);
      this.step = step;
    }

    @Override
    public Noise noise() {
      return count -> {
        var numbers = super.noise().draw(count);
        int draw = drawn.size();
        drawn.put(draw, numbers);
        return draw == step ? Objects.requireNonNull(drawn.get(draw - 1)) : numbers;
      };
    }
  }

  /** Replays, in a step back, the noise stored for the step before. */
  static final class WrongStoredNoise extends FaultyEditing {
    private final int step;
    private float[] before = new float[0];

    WrongStoredNoise(Editing right, int step) {
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

  /** Leaves the copying out from some step on. */
  static final class EarlyStop extends FaultyEditing {
    private final int steps;

    EarlyStop(Editing right, int steps) {
      super(right);
      this.steps = steps;
    }

    @Override
    public void paste(int step, float[] from, int[] source, float[] into, int[] target) {
      if (step < steps) {
        super.paste(step, from, source, into, target);
      }
    }
  }
}
