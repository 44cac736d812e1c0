package org.drag4j.engine;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskFiles;
import org.drag4j.document.MaskSource;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.FileName;
import org.drag4j.method.Documents;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureException;
import org.drag4j.picture.PictureFiles;
import org.drag4j.picture.PictureMetadata;
import org.drag4j.session.CheckedEdit;
import org.drag4j.session.EditResult;

/**
 * A document and its pictures from files, checked one against the other.
 *
 * @param documentFolder that file names in the document are relative to
 * @param hash SHA-256 of the picture's file
 * @param carried what the picture's file carries
 */
public record Edit(Path documentFolder, CheckedEdit checked, String hash, PictureMetadata carried) {
  private static final Pattern STREAMS = Pattern.compile("/dev/(stdin|fd/.*)|/proc/[^/]+/fd/.*");

  /**
   * Reads a document and its picture.
   *
   * @throws org.drag4j.geometry.EditDocumentException where the document is damaged, or a region
   *     lies outside the picture
   * @throws PictureException where the picture is missing, damaged or another one
   */
  public static Edit read(Path file) {
    return of(folder(file), document(file));
  }

  /** Takes no notice of warnings. */
  private static void silent(String warning) {}

  /**
   * The document of a file: its JSON, or that which an edited picture carries.
   *
   * @throws org.drag4j.geometry.EditDocumentException where it is damaged
   * @throws PictureException where a PNG carries none
   */
  public static EditDocument document(Path file) {
    return document(file, MaskFiles.in(folder(file), Edit::silent));
  }

  /** The same with masks from elsewhere. */
  public static EditDocument document(Path file, MaskSource masks) {
    // A pipe can be read once, so nobody looks into it before.
    if (!Files.isRegularFile(file) || !PictureFiles.isPng(file)) {
      return Documents.read(file, masks);
    }
    var text = Optional.ofNullable(PictureFiles.texts(file).get(Metadata.DOCUMENT));
    byte[] json =
        text.orElseThrow(() ->
                new PictureException(
                    file,
                    "an edit document, or a PNG that drag4j edited",
                    "a PNG without a document in it",
                    "name the document's JSON file"))
            .getBytes(StandardCharsets.UTF_8);
    return Documents.parse(file + ": " + Metadata.DOCUMENT, json, masks);
  }

  /**
   * Reads the picture of a document.
   *
   * @param folder that file names in the document are relative to
   */
  public static Edit of(Path folder, EditDocument document) {
    return of(folder, document, Edit::silent);
  }

  /**
   * The same with somebody who hears what is odd about the pictures.
   *
   * @param warnings takes one line each
   */
  public static Edit of(Path folder, EditDocument document, Consumer<String> warnings) {
    var loaded = load(folder, document.image(), warnings);
    var further =
        document.pictures().stream()
            .map(image -> load(folder, image, warnings).picture())
            .toArray(Picture[]::new);
    var checked = CheckedEdit.of(document, loaded.picture(), further);
    return new Edit(folder, checked, loaded.sha256(), loaded.metadata());
  }

  private static PictureFiles.Loaded load(
      Path folder, EditDocument.Image image, Consumer<String> warnings) {
    return PictureFiles.load(folder.resolve(image.file()), image.sha256(), warnings);
  }

  /**
   * The same pictures with another document.
   *
   * @throws org.drag4j.geometry.EditDocumentException where it does not fit them
   */
  public Edit with(EditDocument other) {
    return new Edit(documentFolder, checked.with(other), hash, carried);
  }

  /** The document. */
  public EditDocument document() {
    return checked.document();
  }

  /** The picture to edit. */
  public Picture original() {
    return checked.original();
  }

  /**
   * The folder that file names in a document of this name are relative to: its own, or the current
   * one where it comes from a pipe or stdin.
   */
  public static Path folder(Path file) {
    boolean stream = Files.exists(file) && !Files.isRegularFile(file) && !Files.isDirectory(file);
    if (stream || STREAMS.matcher(file.toAbsolutePath().normalize().toString()).matches()) {
      return Path.of("").toAbsolutePath();
    }
    return Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of(""));
  }

  /** A file's name in a document: relative where it lies in the folder or below, else absolute. */
  public static String name(Path file, Path documentFolder) {
    var absolute = file.toAbsolutePath().normalize();
    var folder = documentFolder.toAbsolutePath().normalize();
    return absolute.startsWith(folder) && !absolute.equals(folder)
        ? folder.relativize(absolute).toString().replace('\\', '/')
        : absolute.toString();
  }

  /**
   * A painted mask as a document names it: by its file where that lies in the document's folder or
   * below, else it is part of the document.
   *
   * @param warnings takes what is odd about the file, one line each
   * @throws PictureException where it is missing, damaged, too large, no picture, or sets nothing
   */
  public static Area mask(Path png, Path documentFolder, Consumer<String> warnings) {
    var pixels = MaskFiles.read(png, warnings);
    String name = name(png, documentFolder);
    return FileName.isAbsolute(name) ? MaskFiles.inline(pixels) : new Area.Painted(name, pixels);
  }

  /** The picture's file. */
  public Path picture() {
    return documentFolder.resolve(document().image().file());
  }

  /** The model that the document names. */
  public Optional<Path> model() {
    return document().model().map(documentFolder::resolve);
  }

  /** The work, with this model. */
  public Job<EditResult> job(Path model) {
    return Job.edit(model, checked);
  }

  /** What a result carries: its texts, and what the picture's file does. */
  public PictureMetadata metadata(EditResult result, Path model, Path out, Setup setup) {
    return carried.with(texts(result, model, out, setup));
  }

  /**
   * What a result does not have of what the picture's file has, in one line.
   *
   * @param kept whether it carries {@link #metadata}
   */
  public Optional<String> loss(boolean kept) {
    return carried.loss(picture().toString(), kept);
  }

  /**
   * The texts that the result carries, by keyword: enough to be made again from where it is written
   * to.
   *
   * @param out where the result is written to
   */
  public Map<String, String> texts(EditResult result, Path model, Path out, Setup setup) {
    var folder = folder(out);
    var complete =
        document()
            .withFiles(
                new EditDocument.Image(name(picture(), folder), Optional.of(hash)),
                Optional.of(name(model, folder)))
            .withPictures(other ->
                new EditDocument.Image(
                    name(documentFolder.resolve(other.file()), folder), other.sha256()))
            .withMasks(MaskFiles::inline);
    var run = new LinkedHashMap<String, Object>();
    run.put("version", Metadata.version());
    run.putAll(setup.facts());
    run.putAll(frame(result));
    String size = "%dx%d".formatted(original().width(), original().height());
    return Metadata.of(complete, model, size, run);
  }

  /** Which part of the original was edited and at which size, by name. */
  public static Map<String, Object> frame(EditResult result) {
    var view = result.frame().working();
    var frame = new LinkedHashMap<String, Object>();
    frame.put("workingWidth", view.width());
    frame.put("workingHeight", view.height());
    frame.put("window", List.of(view.x(), view.y(), view.windowWidth(), view.windowHeight()));
    return frame;
  }
}
