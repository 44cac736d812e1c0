package org.drag4j.verify;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.drag4j.document.LongPrompt;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;
import org.drag4j.method.Given;
import org.drag4j.method.Kept;
import org.drag4j.method.Noise;
import org.drag4j.method.Session;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureException;
import org.drag4j.pipeline.Models;
import org.drag4j.pipeline.Progress;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.SchedulerConfig;
import org.drag4j.schedule.TorchRandom;
import org.drag4j.tensor.Shape;
import org.drag4j.weights.Config;
import org.jspecify.annotations.Nullable;

/**
 * One repetition of a recorded run as an editing method sees it: random numbers from the recording
 * or drawn from its seed, every tensor that the method observes compared with the recorded one.
 */
final class RecordedRun implements Session {
  /** A run cannot go on. */
  static final class Stop extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Stop(String message) {
      super(message);
    }
  }

  /**
   * What the metadata say of a run.
   *
   * @param tag with which the names of its tensors begin
   * @param scheduler the model's, as the run had it
   * @param tensors random tensors, latents and pictures in the order they come about, without tag
   * @param noise names of the random tensors by their number, without tag
   * @param allowed relative L2 error of a latent by its name
   */
  record Form(
      String tag,
      String prompt,
      long seed,
      SchedulerConfig scheduler,
      List<String> tensors,
      IntFunction<String> noise,
      ToDoubleFunction<String> allowed) {}

  private final Replay replay;
  private final ParityFile file;
  private final Form form;
  private final boolean seeded;
  private final TorchRandom random;

  /** What has to come yet, in order. */
  private final Set<String> expected;

  private Picture picture = Picture.of(1, 1, new byte[3]);
  private @Nullable Task task;
  private int draws;

  private RecordedRun(Replay replay, ParityFile file, Form form, boolean seeded) {
    this.replay = replay;
    this.file = file;
    this.form = form;
    this.seeded = seeded;
    random = TorchRandom.seeded(form.seed());
    expected = new LinkedHashSet<>(form.tensors());
    if (!seeded) {
      expected.removeIf(name -> name.startsWith("noise."));
    }
  }

  /**
   * Replays a run twice: with the recorded random numbers, and from the seed alone.
   *
   * @param image the picture to edit
   * @param method edits, and compares what it does not observe
   */
  static void replay(
      Replay replay,
      ParityFile file,
      Form form,
      Supplier<Picture> image,
      Consumer<RecordedRun> method) {
    for (boolean seeded : new boolean[] {false, true}) {
      var run = new RecordedRun(replay, file, form, seeded);
      try {
        run.picture = image.get();
        method.accept(run);
        run.rest("not computed");
      } catch (Stop | PictureException e) {
        run.rest(String.valueOf(e.getMessage()));
      } catch (IllegalArgumentException e) {
        replay.rows().fail(file, form.tag() + ".source", 0, String.valueOf(e.getMessage()));
        run.rest("not reached");
      }
    }
  }

  /** What a method is handed: this run, or with a fault that a test plants. */
  Session session() {
    return replay.options().session().apply(this);
  }

  /** Uses a task of the recording's regions. */
  void use(Task of) {
    task = of;
  }

  /** Rows for everything that has not come. */
  private void rest(String why) {
    for (var name : expected) {
      replay.rows().fail(file, tensor(name), row(name), form.allowed().applyAsDouble(name), why);
    }
    expected.clear();
  }

  @Override
  public Picture picture() {
    return picture;
  }

  @Override
  public List<Picture> pictures() {
    return List.of();
  }

  @Override
  public String prompt() {
    return form.prompt();
  }

  @Override
  public Given given() {
    return new Given(form.tag(), form.prompt(), LongPrompt.CUT, form.seed());
  }

  @Override
  public Task task() {
    if (task == null) {
      throw new IllegalStateException("this run has its regions from its recording alone");
    }
    return task;
  }

  @Override
  public Models models() {
    return replay.pipeline();
  }

  @Override
  public SchedulerConfig scheduler() {
    return form.scheduler();
  }

  @Override
  public Noise noise() {
    return seeded ? this::drawn : this::recorded;
  }

  @Override
  public Kept kept() {
    return Kept.NOTHING;
  }

  @Override
  public Progress progress() {
    return Progress.NONE;
  }

  @Override
  public void observe(String name, float[] values) {
    if (!expected.contains(name)) {
      throw new IllegalStateException(name + ": expected a tensor of the recording, each once");
    }
    var tensor = tensor(name);
    if (file.has(tensor) && !file.hasRank(tensor, 4)) {
      whole(name, values);
    } else {
      latent(name, values);
    }
  }

  /** Compares a latent, {@code [H, W, C]}. */
  void latent(String name, float[] latent) {
    replay
        .rows()
        .close(
            file,
            tensor(name),
            row(name),
            latentShape(),
            grid().toNchw(latent),
            form.allowed().applyAsDouble(name),
            Double.POSITIVE_INFINITY);
    expected.remove(name);
  }

  /** Compares whole numbers, in the recording's shape. */
  private void whole(String name, float[] values) {
    int[] numbers = new int[values.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (int) values[i];
    }
    var shape = file.shape(tensor(name));
    var as = shape.size() == numbers.length ? shape : Shape.of(numbers.length);
    replay.rows().equal(file, tensor(name), row(name), as, numbers);
    expected.remove(name);
  }

  /** A latent as a picture, its levels truncated as released. */
  Picture decoded(float[] latent) {
    return Picture.fromModel(
        replay.pipeline().decode(latent, grid()), picture.width(), picture.height(), true);
  }

  /** Compares a finished picture. */
  void picture(String name, Picture edited) {
    var shape = Shape.of(picture.height(), picture.width(), 3);
    replay
        .rows()
        .picture(
            file, tensor(name), row(name), shape, edited.rgb(), replay.tolerance().pictureDb());
    expected.remove(name);
  }

  /** The next recorded random numbers. */
  private float[] recorded(int count) {
    var tensor = tensor(form.noise().apply(draws++));
    var rows = replay.rows();
    if (!rows.present(file, tensor, ParityTolerance.DRAWN)) {
      throw new Stop("not reached: " + tensor + " is missing");
    }
    if (file.shape(tensor).size() != count) {
      var note = "expected %d numbers, got %s".formatted(count, file.shape(tensor));
      rows.fail(file, tensor, ParityTolerance.DRAWN, note);
      throw new Stop("not reached: " + tensor + " is of another shape");
    }
    return file.floats(tensor);
  }

  /** The next random numbers of the seed, compared with the recorded ones. */
  private float[] drawn(int count) {
    var name = form.noise().apply(draws++);
    float[] numbers = random.randn(count);
    var tensor = tensor(name);
    boolean fits = file.has(tensor) && file.shape(tensor).size() == count;
    replay
        .rows()
        .close(
            file,
            tensor,
            row(name),
            fits ? file.shape(tensor) : Shape.of(count),
            numbers,
            ParityTolerance.DRAWN,
            ParityTolerance.DRAWN_MAX);
    expected.remove(name);
    return numbers;
  }

  private Shape latentShape() {
    LatentGrid grid = grid();
    return Shape.of(1, grid.channels(), grid.height(), grid.width());
  }

  private String tensor(String name) {
    return form.tag() + "." + name;
  }

  private String row(String name) {
    return file.row(tensor(name)) + (seeded ? "@seed" : "");
  }

  /** A recorded picture, {@code [H, W, 3]}. */
  static Picture picture(ParityFile file, String name) {
    if (!file.hasRank(name, 3) || file.shape(name).dim(2) != 3) {
      throw new Stop(name + ": expected [H, W, 3], got " + shapeOf(file, name));
    }
    var shape = file.shape(name);
    return Picture.of(shape.dim(1), shape.dim(0), file.bytes(name));
  }

  /** A recorded mask of a picture's size, set where a byte is not 0. */
  static RegionMask mask(ParityFile file, String name, Picture of) {
    return RegionMask.of(of.width(), of.height(), bytes(file, name, of));
  }

  /** A recorded mask's bytes. */
  static byte[] bytes(ParityFile file, String name, Picture of) {
    if (!file.has(name) || !file.shape(name).equals(Shape.of(of.height(), of.width()))) {
      throw new Stop(name + ": expected the image's [H, W], got " + shapeOf(file, name));
    }
    return file.bytes(name);
  }

  /** Recorded whole numbers, {@code columns} in a row. */
  static int[] rows(ParityFile file, String name, int columns) {
    if (!file.hasRank(name, 2) || file.shape(name).dim(1) != columns) {
      throw new Stop("%s: expected [n, %d], got %s".formatted(name, columns, shapeOf(file, name)));
    }
    return file.ints(name);
  }

  private static String shapeOf(ParityFile file, String name) {
    return file.has(name) ? file.shape(name).toString() : "nothing";
  }

  /** The seed that metadata name. */
  static long seed(Config c) {
    try {
      return Long.parseLong(c.text("seed").orElse(""));
    } catch (NumberFormatException e) {
      throw new ParityException(String.valueOf(c.unexpected("seed", "an integer").getMessage()), e);
    }
  }

  /** A name with a number of two digits in it. */
  static String numbered(String format, int i) {
    return String.format(Locale.ROOT, format, i);
  }
}
