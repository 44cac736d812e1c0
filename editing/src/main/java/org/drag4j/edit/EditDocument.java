package org.drag4j.edit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.Region;
import org.drag4j.geometry.RegionMapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.method.RegionDrag;

/**
 * One edit of one picture, in the format {@value #FORMAT}: what command line, studio and tests
 * share. Coordinates are pixels of the original picture from its top left corner; fractions are
 * allowed, and so are points outside.
 *
 * @param image the picture to edit
 * @param prompt what it shows; may be empty
 * @param mask what may change; absent: the method's own choice
 * @param drags at least one
 * @param method the method and its parameters
 * @param model folder of the model, as the document names it
 * @param seed of every random number, not negative
 */
public record EditDocument(
    Image image,
    String prompt,
    Optional<Area> mask,
    List<Drag> drags,
    Method method,
    Optional<String> model,
    long seed) {
  /** Name and version of the format. */
  public static final String FORMAT = "drag-edit/1";

  /** The seed of a document that names none. */
  public static final long DEFAULT_SEED = 42;

  static final int MAX_BYTES = 16 << 20;
  static final int MAX_DRAGS = 1000;
  static final int MAX_TEXT = 16_384;

  /** Whether regions overlap a picture of more pixels is checked on a reduced one. */
  private static final double MAX_RASTER = 1 << 24;

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
   * RegionDrag and its parameters.
   *
   * @param steps denoising steps of the whole schedule, 1 to 1000
   * @param start the part of the schedule that is inverted and denoised again, 0 to 1
   * @param handleNoise deviation of the noise put on the handle's cells, 0 to 10; the paper's
   *     evaluation takes 1
   * @param variant in which order copying and encoding happen
   * @param faithful whether everything is as released: no composite without a mask, cells not
   *     clamped to the picture, output truncated
   * @param batched whether the inversion runs as one batch
   */
  public record Method(
      int steps,
      double start,
      double handleNoise,
      RegionDrag.Variant variant,
      boolean faithful,
      boolean batched) {
    /** The name in a document. */
    public static final String NAME = "regiondrag";

    /** The paper's parameters. */
    public static final Method DEFAULT =
        new Method(20, 0.5, 1.0, RegionDrag.Variant.ENCODE_THEN_CP, false, false);

    static final int MAX_STEPS = 1000;
    static final double MAX_HANDLE_NOISE = 10;

    public Method {
      if (steps < 1 || steps > MAX_STEPS) {
        throw new EditDocumentException(
            "steps", "1 to " + MAX_STEPS, String.valueOf(steps), "choose another number");
      }
      if (!(start >= 0 && start <= 1)) {
        throw new EditDocumentException(
            "start", "0 to 1", String.valueOf(start), "choose another value");
      }
      if ((int) (start * steps) >= steps) {
        throw new EditDocumentException(
            "start",
            "less than all steps",
            start + " of " + steps + " steps",
            "choose a smaller value or more steps");
      }
      if (!(handleNoise >= 0 && handleNoise <= MAX_HANDLE_NOISE)) {
        throw new EditDocumentException(
            "handleNoise",
            "0 to " + (int) MAX_HANDLE_NOISE,
            String.valueOf(handleNoise),
            "choose another value");
      }
    }

    /** The same with another number of steps. */
    public Method withSteps(int count) {
      return new Method(count, start, handleNoise, variant, faithful, batched);
    }

    /** The variant's name in a document. */
    static String json(RegionDrag.Variant variant) {
      return variant.name().toLowerCase(Locale.ROOT).replace('_', '-');
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
        image, prompt, Optional.empty(), drags, Method.DEFAULT, Optional.empty(), DEFAULT_SEED);
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

  /** The complete document: parsed again it is equal to this one. */
  public String toJson() {
    return EditDocumentWriter.write(this);
  }

  /** The same with another seed. */
  public EditDocument withSeed(long other) {
    return new EditDocument(image, prompt, mask, drags, method, model, other);
  }

  /** The same with other parameters of the method. */
  public EditDocument withMethod(Method other) {
    return new EditDocument(image, prompt, mask, drags, other, model, seed);
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
   * Checks the document against its picture and the size it will be worked on at: in addition,
   * every drag must move at least one latent cell.
   *
   * @throws EditDocumentException if it does not
   */
  public void validate(int width, int height, int workingWidth, int workingHeight) {
    validate(width, height);
    double factorX = (double) workingWidth / width;
    double factorY = (double) workingHeight / height;
    for (int i = 0; i < drags.size(); i++) {
      Mapping cells;
      try {
        cells = drags.get(i).mapping(factorX, factorY).cells(workingWidth, workingHeight);
      } catch (IllegalArgumentException e) {
        throw EditDocumentException.about(place(i), e);
      }
      int columns = workingWidth / RegionMask.CELL;
      int rows = workingHeight / RegionMask.CELL;
      if (cells.clamped(columns, rows).size() == 0) {
        throw new EditDocumentException(
            place(i),
            "a drag of at least one cell of 8x8 pixels",
            "none inside the image",
            "draw it larger, or nearer to the middle");
      }
    }
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
      area.scaled(reduction, reduction)
          .rasterise((int) Math.max(1, width * reduction), (int) Math.max(1, height * reduction));
    } catch (IllegalArgumentException e) {
      throw new EditDocumentException(
          where,
          "a region that overlaps the picture of " + width + "x" + height,
          "one wholly outside",
          "coordinates are pixels of the picture, (0, 0) at its top left");
    }
  }

  /** The drags in the picture scaled by the factors. */
  public List<RegionMapping> mappings(double factorX, double factorY) {
    var mappings = new ArrayList<RegionMapping>();
    for (int i = 0; i < drags.size(); i++) {
      try {
        mappings.add(drags.get(i).mapping(factorX, factorY));
      } catch (IllegalArgumentException e) {
        throw EditDocumentException.about(place(i), e);
      }
    }
    return mappings;
  }

  /** What may change, in the picture scaled by the factors. */
  public Optional<Region> mask(double factorX, double factorY) {
    return mask.map(area -> area.scaled(factorX, factorY));
  }

  static String place(int drag) {
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
