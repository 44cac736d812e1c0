package org.drag4j.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.drag4j.cache.Sha256;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskFiles;
import org.drag4j.document.MaskSource;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.FileName;
import org.drag4j.geometry.Frame;
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
 * @param sources the picture to edit, then the further ones
 * @param carried what the picture's file carries
 */
public record Edit(
    Path documentFolder, CheckedEdit checked, List<Source> sources, PictureMetadata carried) {
  private static final Pattern STREAMS = Pattern.compile("/dev/(stdin|fd/.*)|/proc/[^/]+/fd/.*");

  /**
   * How deep in a model's folder its files can lie: in a cache of Hugging Face they lie deepest.
   */
  private static final int MODEL_DEPTH = 5;

  private static final int MODEL_FILES = 10_000;

  /** Copies the list. */
  public Edit {
    sources = List.copyOf(sources);
  }

  /**
   * The file of a picture of the document.
   *
   * @param sha256 lower case hexadecimal
   */
  public record Source(Place place, String sha256) {}

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
    return of(folder, document, Optional.empty(), Edit::silent);
  }

  /**
   * The same for a document whose picture the user named, with somebody who hears what is odd about
   * the pictures.
   *
   * @param given the picture as the user named it; empty where the document alone names it
   * @param warnings takes one line each
   */
  public static Edit of(
      Path folder, EditDocument document, Optional<Path> given, Consumer<String> warnings) {
    var images = images(document);
    var places = places(folder, document, given);
    var sources = new ArrayList<Source>();
    var loaded = new ArrayList<PictureFiles.Loaded>();
    for (int i = 0; i < images.size(); i++) {
      loaded.add(PictureFiles.load(places.get(i).path(), images.get(i).sha256(), warnings));
      sources.add(new Source(places.get(i), loaded.get(i).sha256()));
    }
    var first = loaded.getFirst();
    var further = loaded.stream().skip(1).map(PictureFiles.Loaded::picture).toArray(Picture[]::new);
    var checked = CheckedEdit.of(document, first.picture(), further);
    return new Edit(folder, checked, sources, first.metadata());
  }

  /**
   * The files of a document's pictures, of which no pixel is decoded; as {@link #of(Path,
   * EditDocument, Optional, Consumer)}.
   *
   * @throws PictureException where one is missing
   */
  public static List<Source> sources(Path folder, EditDocument document, Optional<Path> given) {
    return places(folder, document, given).stream()
        .map(place -> new Source(place, PictureFiles.sha256(place.path())))
        .toList();
  }

  private static List<EditDocument.Image> images(EditDocument document) {
    return Stream.concat(Stream.of(document.image()), document.pictures().stream()).toList();
  }

  private static List<Place> places(Path folder, EditDocument document, Optional<Path> given) {
    var places = new ArrayList<Place>();
    for (var image : images(document)) {
      places.add(
          places.isEmpty() && given.isPresent()
              ? Place.of(given.get())
              : place(folder, image, places.isEmpty()));
    }
    return places;
  }

  /**
   * Where a picture is: as the document names it, or else of that name beside the document, where
   * the document knows the picture's digest.
   *
   * @param first whether it is the one to edit, which -i can name
   */
  private static Place place(Path folder, EditDocument.Image image, boolean first) {
    var named = Place.in(folder, image.file());
    if (image.sha256().isEmpty()) {
      return named;
    }
    String name = Place.bare(image.file());
    var beside = new Place(folder.resolve(name), false);
    boolean there = Files.exists(named.path());
    if (there && !Files.exists(beside.path())) {
      return named;
    }
    if (there && PictureFiles.sha256(named.path()).equals(image.sha256().get())) {
      return named;
    }
    if (Files.exists(beside.path())) {
      requireUnedited(beside.path(), image, first);
      return beside;
    }
    throw new PictureException(
        named.path(),
        "the picture of the document",
        "no such file, and no " + name + " beside the document",
        first ? "put it there, or name it with -i" : "put it there");
  }

  /** A result has the name of its picture where a batch made it of many. */
  private static void requireUnedited(Path file, EditDocument.Image image, boolean first) {
    if (PictureFiles.isPng(file)
        && !PictureFiles.sha256(file).equals(image.sha256().orElseThrow())
        && PictureFiles.texts(file).containsKey(Metadata.DOCUMENT)) {
      throw new PictureException(
          file,
          "the picture of the document",
          "an edited picture of the same name",
          first ? "name the original with -i" : "put the original there");
    }
  }

  /**
   * The same pictures with another document.
   *
   * @throws org.drag4j.geometry.EditDocumentException where it does not fit them
   */
  public Edit with(EditDocument other) {
    return new Edit(documentFolder, checked.with(other), sources, carried);
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
    return new Place(file, true).nameFrom(documentFolder);
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
    return sources.getFirst().place().path();
  }

  /** The model that the document names. */
  public Optional<Place> model() {
    return document().model().map(name -> Place.in(documentFolder, name));
  }

  /** The work, with this model. */
  public Job<EditResult> job(Path model) {
    return Job.edit(model, checked);
  }

  /** What a result carries: its texts, and what the picture's file does. */
  public PictureMetadata metadata(EditResult result, Place model, Path out, Setup setup) {
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
   * A digest of all that the result depends on: the document but for names of files, the pictures,
   * the model's files, and the settings of the run.
   */
  public static String work(EditDocument document, List<Source> sources, Path model, Setup setup) {
    var unnamed = new EditDocument.Image(EditDocument.UNNAMED, Optional.empty());
    var what = new ArrayList<String>();
    what.add(
        document
            .withFiles(unnamed, Optional.empty())
            .withPictures(_ -> unnamed)
            .withMasks(MaskFiles::inline)
            .toJson());
    sources.forEach(source -> what.add(source.sha256()));
    what.addAll(modelFiles(model));
    what.add(setup.choices());
    return Sha256.hex(String.join("\n", what).getBytes(StandardCharsets.UTF_8));
  }

  /** Names, sizes and times of a model's files, so that another model in its place is noticed. */
  private static List<String> modelFiles(Path model) {
    try (var files = Files.walk(model, MODEL_DEPTH, FileVisitOption.FOLLOW_LINKS)) {
      var facts = new ArrayList<String>();
      facts.add(model.toRealPath().toString());
      for (var file : files.limit(MODEL_FILES).filter(Files::isRegularFile).sorted().toList()) {
        facts.add(
            model.relativize(file)
                + " "
                + Files.size(file)
                + " "
                + Files.getLastModifiedTime(file));
      }
      return facts;
    } catch (IOException | UncheckedIOException e) {
      // What is wrong with it is said where it is opened.
      return List.of(model.toString());
    }
  }

  /** What a result of this edit is made from. */
  public Provenance.Origin origin(Optional<Path> file, Path model, Setup setup) {
    return new Provenance.Origin(
        file, sources.getFirst().sha256(), work(document(), sources, model, setup));
  }

  /**
   * The texts that the result carries, by keyword: enough to be made again from where it is written
   * to. Files are named as {@link Place#nameFrom} does; pictures are known by their digest as well.
   *
   * @param out where the result is written to
   */
  public Map<String, String> texts(EditResult result, Place model, Path out, Setup setup) {
    var folder = folder(out);
    var images =
        sources.stream()
            .map(source ->
                new EditDocument.Image(
                    source.place().nameFrom(folder), Optional.of(source.sha256())))
            .iterator();
    var complete =
        result
            .document()
            .withFiles(images.next(), Optional.of(model.nameFrom(folder)))
            .withPictures(_ -> images.next())
            .withMasks(MaskFiles::inline);
    var run = new LinkedHashMap<String, Object>();
    run.put("version", Metadata.version());
    run.putAll(setup.facts());
    run.put("windows", windows(result));
    String size = "%dx%d".formatted(original().width(), original().height());
    return Metadata.of(complete, model.path(), size, run);
  }

  /** Which part of a picture is edited and at which size, by name. */
  public static Map<String, Object> window(Frame frame) {
    var view = frame.working();
    var window = new LinkedHashMap<String, Object>();
    window.put("window", List.of(view.x(), view.y(), view.windowWidth(), view.windowHeight()));
    window.put("workingWidth", view.width());
    window.put("workingHeight", view.height());
    window.put("reduction", Math.round(frame.reduction() * 1000) / 1000.0);
    return window;
  }

  /** The parts of the original that were edited, in their order, as {@link #window}. */
  public static List<Map<String, Object>> windows(EditResult result) {
    return result.windows().stream().map(window -> window(window.frame())).toList();
  }
}
