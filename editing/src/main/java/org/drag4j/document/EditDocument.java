package org.drag4j.document;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.drag4j.geometry.Frame;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.View;
import org.drag4j.geometry.WorkingSize;
import org.drag4j.method.Injection;
import org.drag4j.method.RegionDrag;

/**
 * One edit of one picture, in the format {@value #FORMAT}: what command line, studio and tests
 * share. Coordinates are pixels of the original picture from its top left corner; fractions are
 * allowed, and so are points outside.
 *
 * @param image the picture to edit
 * @param prompt what it shows; may be empty
 * @param mask what may change; absent: handles and targets with the margin around them
 * @param drags at least one
 * @param working at which size, and how what is edited goes back into the picture
 * @param method the method and its parameters
 * @param model folder of the model, as the document names it
 * @param seed of every random number, not negative
 */
public record EditDocument(
    Image image,
    String prompt,
    Optional<Area> mask,
    List<Drag> drags,
    Working working,
    Method method,
    Optional<String> model,
    long seed) {
  /** Name and version of the format. */
  public static final String FORMAT = "drag-edit/1";

  /** The seed of a document that names none. */
  public static final long DEFAULT_SEED = 42;

  /** The name of a picture that comes from no file. */
  public static final String UNNAMED = "picture";

  static final int MAX_BYTES = 16 << 20;
  static final int MAX_DRAGS = 1000;
  static final int MAX_TEXT = 16_384;

  /** Whether regions overlap a picture of more pixels is checked on a reduced one. */
  private static final double MAX_RASTER = 1 << 24;

  /** Without a mask, what lies farther than this from handle and target is kept, in pixels. */
  private static final double MARGIN = 16;

  /** How wide the seam of a window is, in pixels. */
  private static final double FEATHER = 8;

  /** Side of the reduced picture on which a window is chosen. */
  private static final double COARSE = 1024;

  private static final String SCHEMA = "drag-edit-1.schema.json";

  /**
   * The picture to edit.
   *
   * @param file absolute, or relative to the document and then inside its folder
   * @param sha256 of the file's bytes, lower case hexadecimal, where the document insists on them
   */
  public record Image(String file, Optional<String> sha256) {
    public Image {
      if (!isAbsolute(file)) {
        requireInside("file", file);
      } else if (file.indexOf('\0') >= 0) {
        throw new EditDocumentException(
            "file", "the name of a picture", EditDocumentException.quote(file), "correct it");
      }
      sha256.ifPresent(Image::requireHash);
    }

    private static void requireHash(String hash) {
      if (!hash.matches("[0-9a-f]{64}")) {
        throw new EditDocumentException(
            "sha256",
            "64 lower case hexadecimal digits",
            EditDocumentException.quote(hash),
            "correct or remove it");
      }
    }
  }

  /**
   * At which size a picture is edited, and how the result goes back into it. What is absent depends
   * on model and picture.
   *
   * @param size longest side of what the model sees, in pixels, {@value #MIN_SIZE} to {@value
   *     #MAX_SIZE}; absent: the model's own
   * @param crop whether a larger picture is edited in a window around what may change, at its own
   *     resolution where that fits, instead of being reduced as a whole
   * @param margin without a mask, how far around handles and targets the picture may change, in
   *     pixels of the picture; absent: 16 as the model sees them
   * @param feather how far inside its border the change fades in, in pixels of the picture; absent:
   *     8 as the model sees them in a window, none in a whole picture
   */
  public record Working(
      Optional<Integer> size, boolean crop, Optional<Double> margin, Optional<Double> feather) {
    /** Whatever suits model and picture. */
    public static final Working DEFAULT =
        new Working(Optional.empty(), true, Optional.empty(), Optional.empty());

    static final int MIN_SIZE = 8;
    static final int MAX_SIZE = 4096;
    static final int MAX_DISTANCE = 4096;

    public Working {
      if (size.isPresent() && (size.get() < MIN_SIZE || size.get() > MAX_SIZE)) {
        throw new EditDocumentException(
            "size",
            MIN_SIZE + " to " + MAX_SIZE,
            String.valueOf(size.get()),
            "choose another number");
      }
      requireDistance("margin", margin);
      requireDistance("feather", feather);
    }

    private static void requireDistance(String field, Optional<Double> distance) {
      if (distance.isPresent() && !(distance.get() >= 0 && distance.get() <= MAX_DISTANCE)) {
        throw new EditDocumentException(
            field, "0 to " + MAX_DISTANCE, String.valueOf(distance.get()), "choose another value");
      }
    }
  }

  /** Which of several drags gets a cell that they all go to. */
  public enum Overlap {
    /** The last one in the document, cell by cell. */
    LATER_WINS,
    /** The one whose target's middle is nearest. */
    WINNER_TAKES_ALL
  }

  /**
   * RegionDrag and its parameters.
   *
   * @param steps denoising steps of the whole schedule, 1 to 1000
   * @param start the part of the schedule that is inverted and denoised again, 0 to 1
   * @param end the part of the noise range below which nothing is copied, 0 to 1, if {@code copy}
   *     says so
   * @param copy how long cells are copied
   * @param handleNoise deviation of the noise put on the handle's cells, 0 to 10; the paper's
   *     evaluation takes 1
   * @param variant in which order copying and encoding happen
   * @param injection which keys and values of the original are used
   * @param fill what becomes of vacated cells
   * @param overlap which of several drags gets a cell
   * @param guidance weight of the prompt on the way back, 0 to 100; 1 needs no negative prompt
   * @param negativePrompt what the picture does not show
   * @param faithful whether everything is as released: no composite without a mask, no window,
   *     cells not clamped to the picture, output truncated
   * @param batched whether the inversion runs as one batch, or as few as device memory allows
   */
  public record Method(
      int steps,
      double start,
      double end,
      RegionDrag.Copy copy,
      double handleNoise,
      RegionDrag.Variant variant,
      Injection injection,
      RegionDrag.Fill fill,
      Overlap overlap,
      double guidance,
      String negativePrompt,
      boolean faithful,
      boolean batched) {
    /** The name in a document. */
    public static final String NAME = "regiondrag";

    static final int MAX_STEPS = 1000;
    static final double MAX_HANDLE_NOISE = 10;
    static final double MAX_GUIDANCE = 100;
    static final int MAX_LAYERS = 200;

    /** The paper's parameters. */
    public static final Method DEFAULT =
        new Method(
            20,
            0.5,
            0.2,
            RegionDrag.Copy.AS_RELEASED,
            1.0,
            RegionDrag.Variant.ENCODE_THEN_CP,
            new Injection(Injection.ALL, 0, MAX_STEPS, 1),
            RegionDrag.Fill.NONE,
            Overlap.LATER_WINS,
            1,
            "",
            false,
            false);

    public Method {
      if (steps < 1 || steps > MAX_STEPS) {
        throw new EditDocumentException(
            "steps", "1 to " + MAX_STEPS, String.valueOf(steps), "choose another number");
      }
      require("start", start, 1);
      if ((int) (start * steps) >= steps) {
        throw new EditDocumentException(
            "start",
            "less than all steps",
            start + " of " + steps + " steps",
            "choose a smaller value or more steps");
      }
      require("end", end, 1);
      require("handleNoise", handleNoise, MAX_HANDLE_NOISE);
      require("injectStrength", injection.strength(), 1);
      require("guidance", guidance, MAX_GUIDANCE);
      if (!injection.layers().matches("[A-Za-z0-9_.*]{1," + MAX_LAYERS + "}")) {
        throw new EditDocumentException(
            "layers",
            "\"all\", \"decoder\" or a module path with *",
            EditDocumentException.quote(injection.layers()),
            "write for example up_blocks.1.*");
      }
      if (injection.first() < 0
          || injection.end() > MAX_STEPS
          || injection.first() > injection.end()) {
        throw new EditDocumentException(
            "injectSteps",
            "[first, end] in order, 0 to " + MAX_STEPS,
            "[" + injection.first() + ", " + injection.end() + "]",
            "correct it");
      }
      if (negativePrompt.length() > MAX_TEXT) {
        throw new EditDocumentException(
            "negativePrompt",
            "at most " + MAX_TEXT + " characters",
            String.valueOf(negativePrompt.length()),
            "shorten it");
      }
    }

    private static void require(String field, double value, double most) {
      if (!(value >= 0 && value <= most)) {
        throw new EditDocumentException(
            field, "0 to " + (int) most, String.valueOf(value), "choose another value");
      }
    }

    /** The same with an inversion as one batch, or step by step. */
    public Method withBatched(boolean other) {
      return new Method(
          steps,
          start,
          end,
          copy,
          handleNoise,
          variant,
          injection,
          fill,
          overlap,
          guidance,
          negativePrompt,
          faithful,
          other);
    }

    /** The method itself. */
    public RegionDrag regionDrag() {
      return new RegionDrag(
          variant,
          handleNoise,
          batched,
          new RegionDrag.Options(copy, end, injection, fill, guidance));
    }

    /** The name of a choice in a document. */
    static String json(Enum<?> choice) {
      return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * Checks what can be checked without the picture.
   *
   * @throws EditDocumentException naming the field that is wrong
   */
  public EditDocument {
    drags = List.copyOf(drags);
    if (prompt.length() > MAX_TEXT) {
      throw new EditDocumentException(
          "prompt",
          "at most " + MAX_TEXT + " characters",
          String.valueOf(prompt.length()),
          "shorten it");
    }
    if (drags.isEmpty() || drags.size() > MAX_DRAGS) {
      throw new EditDocumentException(
          "drags", "1 to " + MAX_DRAGS + " of them", String.valueOf(drags.size()), "draw one");
    }
    if (seed < 0) {
      throw new EditDocumentException(
          "seed", "0 to " + Long.MAX_VALUE, String.valueOf(seed), "choose another number");
    }
  }

  /** A document of these drags with everything else at its default. */
  public static EditDocument of(Image image, String prompt, List<Drag> drags) {
    return new EditDocument(
        image,
        prompt,
        Optional.empty(),
        drags,
        Working.DEFAULT,
        Method.DEFAULT,
        Optional.empty(),
        DEFAULT_SEED);
  }

  /**
   * A document of these drags for a picture that is at hand, with everything else at its default.
   * Its picture's name, which a file would be found by, is {@value #UNNAMED}.
   */
  public static EditDocument of(String prompt, Drag... drags) {
    return of(new Image(UNNAMED, Optional.empty()), prompt, List.of(drags));
  }

  /**
   * Reads a document without painted masks.
   *
   * @throws EditDocumentException if the file is missing, damaged, or says what cannot be done
   */
  public static EditDocument read(Path file) {
    return read(file, MaskSource.NONE);
  }

  /**
   * Reads a document.
   *
   * @param masks finds the painted masks it names
   * @throws EditDocumentException if the file is missing, damaged, or says what cannot be done
   */
  public static EditDocument read(Path file, MaskSource masks) {
    return parse(String.valueOf(file), bytes(file), masks);
  }

  private static byte[] bytes(Path file) {
    String expected = "an edit document";
    if (Files.isDirectory(file)) {
      throw new EditDocumentException(
          file.toString(), expected, "a folder", "name the JSON file in it");
    }
    try (var in = Files.newInputStream(file)) {
      // One byte more than is accepted, so that the parser sees what is too long.
      return in.readNBytes(MAX_BYTES + 1);
    } catch (NoSuchFileException e) {
      throw new EditDocumentException(file.toString(), expected, "no such file", "check the path");
    } catch (IOException e) {
      throw new EditDocumentException(
          file.toString(), expected, "a file that cannot be read", "check its permissions");
    }
  }

  /** Parses a document without painted masks; as {@link #parse(String, byte[], MaskSource)}. */
  public static EditDocument parse(String origin, byte[] text) {
    return parse(origin, text, MaskSource.NONE);
  }

  /**
   * Parses a document. Unknown fields are errors; missing ones take their defaults.
   *
   * @param origin where it comes from, as error messages name it
   * @param text JSON in UTF-8, at most 16 MB
   * @param masks finds the painted masks it names
   * @throws EditDocumentException if it is damaged, or says what cannot be done
   */
  public static EditDocument parse(String origin, byte[] text, MaskSource masks) {
    return EditDocumentReader.read(origin, text, masks);
  }

  /** The JSON schema of documents (draft 2020-12). */
  public static String schema() {
    try (var in = EditDocument.class.getResourceAsStream(SCHEMA)) {
      if (in == null) {
        throw new IllegalStateException("the program's own " + SCHEMA + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The complete document: parsed again it is equal to this one. */
  public String toJson() {
    return EditDocumentWriter.write(this);
  }

  /** The same with another seed. */
  public EditDocument withSeed(long other) {
    return new EditDocument(image, prompt, mask, drags, working, method, model, other);
  }

  /** The same with other parameters of the method. */
  public EditDocument withMethod(Method other) {
    return new EditDocument(image, prompt, mask, drags, working, other, model, seed);
  }

  /** The same at another size. */
  public EditDocument withWorking(Working other) {
    return new EditDocument(image, prompt, mask, drags, other, method, model, seed);
  }

  /** The same for a picture and a model of these names. */
  public EditDocument withFiles(Image picture, Optional<String> modelFolder) {
    return new EditDocument(picture, prompt, mask, drags, working, method, modelFolder, seed);
  }

  /** The same with painted masks under other names. */
  public EditDocument withMasks(Function<Area.Painted, Area.Painted> renamed) {
    UnaryOperator<Area> each =
        area -> area instanceof Area.Painted painted ? renamed.apply(painted) : area;
    return new EditDocument(
        image,
        prompt,
        mask.map(each),
        drags.stream()
            .map(d ->
                new Drag(
                    d.name(),
                    each.apply(d.handle()),
                    d.target().map(each),
                    d.points(),
                    d.mapping()))
            .toList(),
        working,
        method,
        model,
        seed);
  }

  /**
   * The same with other values in places, {@code drags[0].mapping=affine} or {@code
   * method.steps=30}; a value is JSON, or else text.
   *
   * @param masks finds the painted masks
   * @throws EditDocumentException where a place does not exist or does not take the value
   */
  public EditDocument withSettings(List<String> assignments, MaskSource masks) {
    return withSettings("--set", assignments, masks);
  }

  /**
   * As {@link #withSettings(List, MaskSource)}.
   *
   * @param origin where the values come from, as messages name it
   */
  public EditDocument withSettings(String origin, List<String> assignments, MaskSource masks) {
    return assignments.isEmpty() ? this : Assignments.apply(this, origin, assignments, masks);
  }

  /**
   * Checks the document against its picture, before anything large is loaded.
   *
   * @param width of the original in pixels
   * @param height of the original in pixels
   * @throws EditDocumentException if a region lies wholly outside, or a painted mask has another
   *     size
   */
  public void validate(int width, int height) {
    mask.ifPresent(area -> requireOverlap("mask", area, width, height));
    for (int i = 0; i < drags.size(); i++) {
      var drag = drags.get(i);
      requireOverlap(place(i) + ".handle", drag.handle(), width, height);
      if (drag.target().isPresent()) {
        requireOverlap(place(i) + ".target", drag.target().get(), width, height);
      }
    }
  }

  /**
   * Which part of its picture a model sees, and at which size.
   *
   * @param nativeSize side of the pictures the model was trained on
   * @param factor pixels to a latent cell
   * @throws EditDocumentException as {@link #validate}
   */
  public Frame frame(int width, int height, int nativeSize, int factor) {
    validate(width, height);
    int longest = working.size().orElse(nativeSize);
    if (Math.max(width, height) <= longest || !working.crop() || method.faithful()) {
      return Frame.whole(width, height, WorkingSize.of(width, height, longest, factor));
    }
    var whole = View.whole(width, height);
    var touched = regions(whole);
    if (mask.isPresent()) {
      touched = touched.union(mask.get().in(whole).rasterise(width, height));
    }
    return Frame.around(touched.union(arrowTargets(width, height)), longest, factor);
  }

  /** Handles and targets, as far as they are drawn. */
  private RegionMask regions(View view) {
    var regions = RegionMask.none(view.width(), view.height());
    for (var drag : drags) {
      regions = regions.union(drag.handle().in(view).rasterise(view.width(), view.height()));
      if (drag.target().isPresent()) {
        regions =
            regions.union(drag.target().get().in(view).rasterise(view.width(), view.height()));
      }
    }
    return regions;
  }

  /**
   * Where arrows move their handles, roughly: their arithmetic is too coarse for the size of a
   * large picture, and a window needs no more.
   */
  private RegionMask arrowTargets(int width, int height) {
    double reduction = Math.min(1, COARSE / Math.max(width, height));
    int w = (int) Math.max(1, width * reduction);
    int h = (int) Math.max(1, height * reduction);
    var view = View.whole(width, height, w, h);
    var moved = RegionMask.none(w, h);
    for (var drag : drags) {
      if (drag.mapping() == Drag.Kind.POINTS) {
        moved = moved.union(coarseTargets(drag, view));
      }
    }
    return moved.in(new View(0, 0, w, h, width, height, 1, 1));
  }

  private static RegionMask coarseTargets(Drag drag, View view) {
    int w = view.width();
    int h = view.height();
    try {
      return drag.mapping(view).pixels(w, h).clamped(w, h).targets(w, h);
    } catch (IllegalArgumentException e) {
      // Too small to be seen reduced: the handle alone says where.
      return RegionMask.none(w, h);
    }
  }

  /**
   * What may change, as the frame's window shows it at the picture's own size; empty where that is
   * everything.
   */
  public Optional<RegionMask> change(Frame frame) {
    var view = frame.working().original();
    if (mask.isPresent()) {
      return Optional.of(mask.get().in(view).rasterise(view.width(), view.height()));
    }
    if (method.faithful()) {
      return Optional.empty();
    }
    var touched = pixels(frame).targets(view.width(), view.height()).union(regions(view));
    double margin = working.margin().orElse(MARGIN * frame.reduction());
    return Optional.of(touched.grown((int) Math.round(margin)));
  }

  /** How wide the seam between the change and the rest is, in pixels of the picture. */
  public int feather(Frame frame) {
    return (int)
        Math.round(working.feather().orElse(frame.whole() ? 0 : FEATHER * frame.reduction()));
  }

  /** Handle cells of all drags, whether or not something is copied to them. */
  public RegionMask handleCells(Frame frame) {
    var view = frame.working();
    var handles = RegionMask.none(view.columns(), view.rows());
    for (var drag : drags) {
      handles =
          handles.union(drag.handle().in(view).rasterise(view.width(), view.height()).toCells());
    }
    return handles;
  }

  /** Which pixels of the frame's window move where, at the picture's own size. */
  public Mapping pixels(Frame frame) {
    return pixels(frame.working().original());
  }

  /** Which pixels of a view's image move where. */
  public Mapping pixels(View view) {
    var parts =
        mappings(view).stream().map(drag -> drag.pixels(view.width(), view.height())).toList();
    return merged(parts, view.width(), view.height()).clamped(view.width(), view.height());
  }

  /** The pairs of all drags, each target with the drag that gets it. */
  public Mapping merged(List<Mapping> parts, int width, int height) {
    return switch (method.overlap()) {
      case LATER_WINS -> Mapping.concat(parts);
      case WINNER_TAKES_ALL -> Mapping.nearest(parts, width, height);
    };
  }

  /**
   * The latent cells of every drag.
   *
   * @throws EditDocumentException if a drag moves none
   */
  public Mapping cells(Frame frame) {
    var view = frame.working();
    var mappings = mappings(view);
    var parts = new ArrayList<Mapping>();
    for (int i = 0; i < mappings.size(); i++) {
      Mapping cells;
      try {
        cells = mappings.get(i).cells(view.width(), view.height());
      } catch (IllegalArgumentException e) {
        throw EditDocumentException.about(place(i), e);
      }
      if (cells.clamped(view.columns(), view.rows()).size() == 0) {
        throw new EditDocumentException(
            place(i),
            "a drag of at least one cell of 8x8 pixels",
            "none inside the image",
            "draw it larger, or nearer to the middle");
      }
      parts.add(cells);
    }
    var all = merged(parts, view.columns(), view.rows());
    return method.faithful() ? all : all.clamped(view.columns(), view.rows());
  }

  private static void requireOverlap(String where, Area area, int width, int height) {
    if (area instanceof Area.Painted(var png, var pixels)
        && (pixels.width() != width || pixels.height() != height)) {
      throw new EditDocumentException(
          where + ".png",
          "a mask of the picture's size, " + width + "x" + height,
          pixels.width() + "x" + pixels.height() + " in " + EditDocumentException.quote(png),
          "paint it over the picture");
    }
    double reduction = Math.min(1, Math.sqrt(MAX_RASTER / ((double) width * height)));
    try {
      int w = (int) Math.max(1, width * reduction);
      int h = (int) Math.max(1, height * reduction);
      var _ = area.in(View.whole(width, height, w, h)).rasterise(w, h);
    } catch (IllegalArgumentException e) {
      throw new EditDocumentException(
          where,
          "a region that overlaps the picture of " + width + "x" + height,
          "one wholly outside",
          "coordinates are pixels of the picture, (0, 0) at its top left");
    }
  }

  /** The drags in the image of a view. */
  public List<RegionMapping> mappings(View view) {
    var mappings = new ArrayList<RegionMapping>();
    for (int i = 0; i < drags.size(); i++) {
      try {
        mappings.add(drags.get(i).mapping(view));
      } catch (IllegalArgumentException e) {
        throw EditDocumentException.about(place(i), e);
      }
    }
    return mappings;
  }

  public static String place(int drag) {
    return "drags[" + drag + "]";
  }

  /**
   * Checks the name of a file that comes with a document: relative and inside its folder.
   *
   * @throws EditDocumentException if it is empty, absolute or leaves the folder
   */
  static void requireInside(String where, String name) {
    boolean odd = name.isBlank() || name.length() > MAX_TEXT || name.indexOf('\0') >= 0;
    if (odd || isAbsolute(name) || List.of(name.split("[/\\\\]")).contains("..")) {
      throw new EditDocumentException(
          where,
          "a relative file name without ..",
          EditDocumentException.quote(name),
          "put the file beside the document");
    }
  }

  /** Whether a name is absolute on any system, so that a document means the same everywhere. */
  private static boolean isAbsolute(String name) {
    return name.startsWith("/") || name.startsWith("\\") || name.matches("(?s)[A-Za-z]:.*");
  }
}
