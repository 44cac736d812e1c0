package org.drag4j.method;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.drag4j.document.EditDocument;
import org.drag4j.document.LongPrompt;
import org.drag4j.document.MaskSource;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.EditDocumentException;

/** Edit documents of all {@link Methods}: made, read, changed, described. */
public final class Documents {
  private Documents() {}

  /** A document of these drags with everything else at its default. */
  public static EditDocument of(EditDocument.Image image, String prompt, List<Drag> drags) {
    return new EditDocument(
        image,
        List.of(),
        prompt,
        LongPrompt.CUT,
        Optional.empty(),
        drags,
        EditDocument.Working.DEFAULT,
        Methods.standard(),
        Optional.empty(),
        EditDocument.DEFAULT_SEED);
  }

  /**
   * A document of these drags for a picture that is at hand, with everything else at its default.
   * Its picture's name, which a file would be found by, is {@value EditDocument#UNNAMED}.
   */
  public static EditDocument of(String prompt, Drag... drags) {
    return of(
        new EditDocument.Image(EditDocument.UNNAMED, Optional.empty()), prompt, List.of(drags));
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
      return in.readNBytes(EditDocument.MAX_BYTES + 1);
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
   * Parses a document.
   *
   * @param origin where it comes from, as error messages name it
   * @param text JSON in UTF-8, at most 16 MB
   * @param masks finds the painted masks it names
   * @throws EditDocumentException if it is damaged, or says what cannot be done
   */
  public static EditDocument parse(String origin, byte[] text, MaskSource masks) {
    return EditDocument.parse(origin, text, masks, Methods.TABLE);
  }

  /**
   * A document with other values in places, as {@link EditDocument#withSettings}.
   *
   * @param origin where the values come from, as messages name it: {@code --set}
   * @param masks finds the painted masks
   * @throws EditDocumentException where a place does not exist or does not take the value
   */
  public static EditDocument set(
      EditDocument document, String origin, List<String> assignments, MaskSource masks) {
    return document.withSettings(origin, assignments, masks, Methods.TABLE);
  }

  /**
   * The parameters of a method, for people: what each takes, its default, what it does.
   *
   * @throws EditDocumentException for a name that is none
   */
  public static String help(String method) {
    if (!Methods.names().contains(method)) {
      throw new EditDocumentException(
          "--method",
          "one of " + String.join(", ", Methods.names()),
          EditDocumentException.quote(method),
          "correct it");
    }
    return Methods.settings(method).help("method.");
  }

  /** The JSON schema of documents (draft 2020-12). */
  public static String schema() {
    return EditDocument.schema(Methods.TABLE);
  }
}
