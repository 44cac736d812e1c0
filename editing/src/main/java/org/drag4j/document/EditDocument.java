package org.drag4j.document;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.FileName;

/**
 * One edit of one picture, in the format {@value #FORMAT}: what command line, studio and tests
 * share. Coordinates are pixels of the original picture from its top left corner; fractions are
 * allowed, and so are points outside.
 *
 * @param image the picture to edit
 * @param pictures further ones that the method makes use of
 * @param prompt what it shows; may be empty
 * @param longPrompt what becomes of it, and of the method's other prompts, where they are long
 * @param mask what may change; absent: handles and targets with the margin around them
 * @param drags at least one
 * @param working at which size, and how what is edited goes back into the picture
 * @param method the method and its parameters
 * @param model folder of the model, as the document names it
 * @param seed of every random number, not negative
 */
public record EditDocument(
    Image image,
    List<Image> pictures,
    String prompt,
    LongPrompt longPrompt,
    Optional<Area> mask,
    List<Drag> drags,
    Working working,
    Method method,
    Optional<String> model,
    long seed) {
  /** Name and version of the format that is written. */
  public static final String FORMAT = "drag-edit/2";

  /** The seed of a document that names none. */
  public static final long DEFAULT_SEED = 42;

  /** The name of a picture that comes from no file. */
  public static final String UNNAMED = "picture";

  /** The longest document that is read. */
  public static final int MAX_BYTES = 16 << 20;

  static final int MAX_PICTURES = 8;
  static final int MAX_DRAGS = 1000;
  static final int MAX_TEXT = 16_384;

  /**
   * The picture to edit.
   *
   * @param file absolute, or relative to the document and then inside its folder
   * @param sha256 of the file's bytes, lower case hexadecimal, where the document insists on them
   */
  public record Image(String file, Optional<String> sha256) {
    public Image {
      if (!FileName.isAbsolute(file)) {
        FileName.requireInside("file", file);
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

  /** How a change meets what stays as it is. */
  public enum Seams {
    /** Colours are matched at the border, which is soft. */
    MATCHED,
    /** As it comes: soft in a window, hard in a whole picture. */
    PLAIN
  }

  /** How the parts of a larger picture are chosen that the model sees. */
  public enum Windows {
    /**
     * Fitted to the drags: those far apart have windows of their own, small moves are seen
     * enlarged.
     */
    FITTED,
    /** One around all that may change. */
    ONE
  }

  /**
   * At which size a picture is edited, and how the result goes back into it. What is absent depends
   * on model and picture.
   *
   * @param size longest side of what the model sees, in pixels; absent: the model's own, or the
   *     picture's where that is smaller
   * @param enlarge whether a smaller picture is enlarged to {@code size}
   * @param crop whether a larger picture is edited in a window around what may change, at its own
   *     resolution where that fits, instead of being reduced as a whole
   * @param windows how these windows are chosen
   * @param zoom where windows are fitted, how many pixels the model sees for one of the picture at
   *     most; absent: chosen by the moves, unless there is a {@code size}
   * @param margin without a mask, how far around handles and targets the picture may change, in
   *     pixels of the picture; absent: 16 as the model sees them
   * @param feather how far inside its border the change fades in, in pixels of the picture; absent:
   *     8 as the model sees them, none in a whole picture with plain seams
   * @param seams how the change meets what stays
   * @param detail how much of the detail that the autoencoder loses comes back from the picture, 0
   *     to 1
   */
  public record Working(
      @Setting(
              help = "longest side of what the model sees, in pixels",
              least = 8,
              most = 4096,
              absent = "the model's own, or the picture's where that is smaller")
          Optional<Integer> size,
      @Setting(
              help =
                  "whether a picture smaller than `size` is enlarged to it; else it keeps its own",
              standard = "true",
              format1 = "false",
              since = Format.V2)
          boolean enlarge,
      @Setting(
              help =
                  "whether a larger picture is edited in a window; `false` reduces it as a whole",
              standard = "true")
          boolean crop,
      @Setting(
              help =
                  "whether drags that are far apart have windows of their own and small moves are"
                      + " seen enlarged, or `one` window holds all that may change",
              standard = "fitted",
              format1 = "one",
              since = Format.V2)
          Windows windows,
      @Setting(
              help =
                  "where windows are fitted, how many pixels the model sees for one of the picture,"
                      + " as far as the drags leave room for it; a result's document says what was"
                      + " chosen",
              since = Format.V2,
              least = 1,
              most = 2,
              absent = "1, 1.25, 1.5 or 2, by the moves; 1 with a `size`")
          Optional<Double> zoom,
      @Setting(
              help =
                  "without a mask, how far around handles and targets the picture may change, in"
                      + " its own pixels",
              most = 4096,
              absent = "16 as the model sees them")
          Optional<Double> margin,
      @Setting(
              help = "how far inside its border the change fades in, in pixels of the picture",
              most = 4096,
              absent = "8 as the model sees them, 0 in a whole picture with plain seams")
          Optional<Double> feather,
      @Setting(
              help =
                  "whether the colours of the change are matched to what stays at its border, which"
                      + " is then soft in whole pictures too",
              standard = "matched",
              format1 = "plain",
              since = Format.V2)
          Seams seams,
      @Setting(
              help =
                  "how much of the detail that the autoencoder loses comes back from the picture"
                      + " where the edit agrees with it",
              standard = "1",
              format1 = "0",
              since = Format.V2,
              most = 1)
          double detail) {
    /** Whatever suits model and picture. */
    public static final Working DEFAULT =
        new Working(
            Optional.empty(),
            true,
            true,
            Windows.FITTED,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Seams.MATCHED,
            1);

    /** The same with another zoom. */
    public Working withZoom(double other) {
      return new Working(
          size, enlarge, crop, windows, Optional.of(other), margin, feather, seams, detail);
    }
  }

  /**
   * A method and its parameters.
   *
   * @param name in a document
   * @param parameters each with a {@link Setting}
   */
  public record Method(String name, Record parameters) {
    /**
     * Checks ranges.
     *
     * @throws EditDocumentException naming the parameter that is out of its range
     */
    public Method {
      checked("method", parameters);
    }

    /** What a document of this format that names no method is edited by. */
    static Method standard(MethodTable methods, Format format) {
      String name = methods.standard(format);
      return new Method(name, methods.settings(name).defaults(format));
    }
  }

  /**
   * Checks what can be checked without the picture.
   *
   * @throws EditDocumentException naming the field that is wrong
   */
  public EditDocument {
    pictures = List.copyOf(pictures);
    drags = List.copyOf(drags);
    if (pictures.size() > MAX_PICTURES) {
      throw new EditDocumentException(
          "pictures", "at most " + MAX_PICTURES, String.valueOf(pictures.size()), "leave some out");
    }
    checked("working", working);
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

  private static void checked(String path, Record values) {
    try {
      Settings.check(values);
    } catch (EditDocumentException e) {
      throw e.inside(path);
    }
  }

  /**
   * Parses a document. Unknown fields are errors; missing ones take the defaults of its format.
   *
   * @param origin where it comes from, as error messages name it
   * @param text JSON in UTF-8, at most 16 MB
   * @param masks finds the painted masks it names
   * @param methods what it can name
   * @throws EditDocumentException if it is damaged, or says what cannot be done
   */
  public static EditDocument parse(
      String origin, byte[] text, MaskSource masks, MethodTable methods) {
    return EditDocumentReader.read(origin, text, masks, methods);
  }

  /** The JSON schema of documents in the format that is written (draft 2020-12). */
  public static String schema(MethodTable methods) {
    return Schema.of(methods);
  }

  /** The complete document: parsed again it is equal to this one. */
  public String toJson() {
    return EditDocumentWriter.write(this);
  }

  /** The same with another seed. */
  public EditDocument withSeed(long other) {
    return new EditDocument(
        image, pictures, prompt, longPrompt, mask, drags, working, method, model, other);
  }

  /** The same with other parameters of the method. */
  public EditDocument withMethod(Method other) {
    return new EditDocument(
        image, pictures, prompt, longPrompt, mask, drags, working, other, model, seed);
  }

  /** The same with another mask, or none. */
  public EditDocument withMask(Optional<Area> other) {
    return new EditDocument(
        image, pictures, prompt, longPrompt, other, drags, working, method, model, seed);
  }

  /** The same at another size. */
  public EditDocument withWorking(Working other) {
    return new EditDocument(
        image, pictures, prompt, longPrompt, mask, drags, other, method, model, seed);
  }

  /** The same for a picture and a model of these names. */
  public EditDocument withFiles(Image picture, Optional<String> modelFolder) {
    return new EditDocument(
        picture, pictures, prompt, longPrompt, mask, drags, working, method, modelFolder, seed);
  }

  /** The same with further pictures of other names. */
  public EditDocument withPictures(UnaryOperator<Image> renamed) {
    return new EditDocument(
        image,
        pictures.stream().map(renamed).toList(),
        prompt,
        longPrompt,
        mask,
        drags,
        working,
        method,
        model,
        seed);
  }

  /** The same with painted masks under other names. */
  public EditDocument withMasks(Function<Area.Painted, Area.Painted> renamed) {
    UnaryOperator<Area> each =
        area -> area instanceof Area.Painted painted ? renamed.apply(painted) : area;
    return new EditDocument(
        image,
        pictures,
        prompt,
        longPrompt,
        mask.map(each),
        drags.stream()
            .map(d ->
                new Drag(
                    d.name(),
                    d.handle().map(each),
                    d.target().map(each),
                    d.move(),
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
   * method.steps=30}; a value is JSON, or else text. Another {@code method.name} comes with its
   * defaults.
   *
   * @param origin where the values come from, as messages name it
   * @param masks finds the painted masks
   * @param methods what it can name
   * @throws EditDocumentException where a place does not exist or does not take the value
   */
  public EditDocument withSettings(
      String origin, List<String> assignments, MaskSource masks, MethodTable methods) {
    return assignments.isEmpty()
        ? this
        : Assignments.apply(this, origin, assignments, masks, methods);
  }
}
