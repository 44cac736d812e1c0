package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.drag4j.cli.console.Host;
import org.drag4j.method.Methods;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureFiles;
import org.drag4j.weights.Safetensors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every way a command can fail, with its one line and its exit code. Nothing goes to stdout, and no
 * file is left.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ErrorTableTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();
  private static final String DRAGS =
      "\"drags\": [{\"handle\": {\"rectangle\": [8,8,32,32]}, \"target\": {\"rectangle\":"
          + " [16,8,32,32]}}]";

  @TempDir static Path folder = Path.of("");

  /**
   * One failure.
   *
   * @param args separated by spaces; {@code DIR} is the folder, {@code DEMO} the demo model, {@code
   *     EDIT} an edit of a good document that writes {@code DIR/out.png}
   * @param message the whole line without the program's name; {@code ...} stands for anything
   */
  record Row(int code, String args, String message) {
    @Override
    public String toString() {
      return code + " " + args;
    }
  }

  static List<Row> rows() {
    return ROWS;
  }

  private static final List<Row> ROWS =
      List.of(
          new Row(
              2,
              "frobnicate",
              "frobnicate: expected a command of drag4j, got an unknown one; did you mean"
                  + " generate?; see drag4j --help"),
          new Row(
              2,
              "edit",
              "edit: expected a document, got none; name its file; see drag4j edit --help"),
          new Row(
              2,
              "edit --bogus x.json",
              "--bogus: expected an option of drag4j edit, got an unknown one; see drag4j edit"
                  + " --help"),
          new Row(
              2,
              "edit x.json --threads 0",
              "--threads: expected 1 to 1024, got 0; see drag4j edit --help"),
          new Row(
              2,
              "edit x.json --threads many",
              "--threads: expected a whole number, got 'many'; see drag4j edit --help"),
          new Row(
              2,
              "edit x.json --cpu-vector 64",
              "--cpu-vector: expected 0, 128, 256 or 512, got 64; see drag4j edit --help"),
          new Row(
              2,
              "edit x.json --progress loud",
              "--progress: expected one of auto, bar, lines, json, none, got 'loud'; see drag4j"
                  + " edit --help"),
          new Row(
              2,
              "edit DIR/good.json -o DIR/out.jpg",
              "-o: expected a name that ends in .png, got DIR/out.jpg; see drag4j edit --help"),
          new Row(
              2,
              "edit DIR/good.json -o DIR/cat.png",
              "-o: expected another file than what is read, got DIR/cat.png; see drag4j edit"
                  + " --help"),
          new Row(
              2,
              "edit DIR/good.json -o DIR/good.png --seed x",
              "--seed: expected a whole number, got 'x'; see drag4j edit --help"),
          new Row(
              2,
              "drag DIR/cat.png --from 1,2,3 --to 1,2,3,4",
              "--from: expected x,y,w,h in pixels with w and h above 0, got '1,2,3'; see drag4j"
                  + " drag --help"),
          new Row(
              2,
              "drag DIR/cat.png --from 1,2,3,4",
              "--to: expected x,y,w,h, or else --by, --rotate or --scale, got nothing; see drag4j"
                  + " drag --help"),
          new Row(
              2,
              "drag DIR/cat.png --from 1,2,3,4 --to 1,2,3,4 --rotate 5",
              "--to: expected none beside --by, --rotate, --scale and --about, got one; see drag4j"
                  + " drag --help"),
          new Row(
              2,
              "drag DIR/cat.png --from 1,2,3,4 --scale 21",
              "--scale: expected a number from 0.05 to 20, got 21; correct it; see drag4j drag"
                  + " --help"),
          new Row(
              2,
              "drag DIR/cat.png --from 1,2,3,4 --rotate 360",
              "--by: expected a shift, a turn or another size, got none of them; give by, rotate or"
                  + " scale another value; see drag4j drag --help"),
          new Row(
              2,
              "drag DIR/cat.png --from 1,2,3,4 --by 5",
              "--by: expected x,y in pixels, got '5'; see drag4j drag --help"),
          new Row(
              2,
              "drag DIR/cat.png --from 1,2,3,4 --by 5,5 --about 1,1 --about 2,2",
              "--about: expected one, or one for each of 1 --from, got 2; see drag4j drag --help"),
          new Row(
              2, "preview", "preview: expected DOC.json, got nothing; see drag4j preview --help"),
          new Row(
              2,
              "sweep DIR/good.json --over method.start",
              "--over: expected PATH=V1,V2,..., got 'method.start'; see drag4j sweep --help"),
          new Row(
              2,
              "batch DIR/good.json",
              "--output: expected DIR, got nothing; see drag4j batch --help"),
          new Row(
              2,
              "generate -p x --strength 0",
              "--strength: expected above 0, up to 1, got 0.0; see drag4j generate --help"),
          new Row(
              2,
              "model random --like sd3 out",
              "--like: expected one of sd15, sd21, got 'sd3'; see drag4j model random --help"),
          new Row(
              1,
              "edit DIR/good.json -o DIR/lost/out.png",
              "DIR/lost/out.png: expected an existing folder, got no folder DIR/lost; create it"),
          new Row(
              1,
              "edit DIR/good.json -o DIR/folder.png",
              "DIR/folder.png: expected a file to write, got a folder; name a file in it"),
          new Row(
              1,
              "edit DIR/good.json -o DIR/small.png -m DIR/lost",
              "DIR/small.png: expected no such file, or a picture that good.json made, got a file"
                  + " that is there; name another one, or replace it with --overwrite"),
          new Row(
              1,
              "drag DIR/cat.png --from 1,2,32,32 --to 9,2,32,32 --save DIR/text.png",
              "DIR/text.png: expected no such file, got a file that is there; name another one, or"
                  + " replace it with --overwrite"),
          new Row(
              2,
              "drag DIR/cat.png --from 1,2,32,32 --to 9,2,32,32 --save DIR/cat.png",
              "--save: expected another file than what is read, got DIR/cat.png; see drag4j drag"
                  + " --help"),
          new Row(
              2,
              "drag DIR/cat.png --from 1,2,9,9 --to 9,2,9,9 --save DIR/new.png -o DIR/new.png",
              "-o: expected another file than --save names, got DIR/new.png; see drag4j drag"
                  + " --help"),
          new Row(
              1,
              "generate -p x -o DIR/small.png -m DIR/lost",
              "DIR/small.png: expected no such file, got a file that is there; name another one, or"
                  + " replace it with --overwrite"),
          new Row(
              1,
              "bench unet --save DIR/text.png -m DIR/lost",
              "DIR/text.png: expected no such file, got a file that is there; name another one, or"
                  + " replace it with --overwrite"),
          new Row(
              1,
              "batch DIR/empty -o DIR/out",
              "DIR/empty: expected edit documents, files that end in .json, got none; name another"
                  + " folder"),
          new Row(
              1,
              "batch DIR/cat.png DIR/small.png -o DIR/out",
              "batch: expected edit documents, got 2 pictures without one; name a document, and"
                  + " pictures to edit by it with --image"),
          new Row(
              1,
              "batch DIR/good.json DIR/mask.json -i DIR/cat.png -o DIR/out",
              "--image: expected one document for all pictures, got 2; name one document"),
          new Row(
              1,
              "edit DIR/moved.json -o DIR/out.png",
              "DIR/elsewhere/dog.png: expected the picture of the document, got no such file, and"
                  + " no dog.png beside the document; put it there, or name it with -i"),
          new Row(
              1,
              "edit DIR/lost.json -o DIR/out.png",
              "DIR/lost.json: expected an edit document, got no such file; check the path"),
          new Row(
              1,
              "edit DIR/folder -o DIR/out.png",
              "DIR/folder: expected an edit document, got a folder; name the JSON file in it"),
          new Row(
              1,
              "edit DIR/empty.json -o DIR/out.png",
              "DIR/empty.json: the document: expected an object {...}, got the end of the text;"
                  + " correct it"),
          new Row(
              1,
              "edit DIR/list.json -o DIR/out.png",
              "DIR/list.json: the document: expected an object {...}, got a list; correct it"),
          new Row(
              1,
              "edit DIR/cut.json -o DIR/out.png",
              "DIR/cut.json: line 1, column 31: expected finite numbers, quoted text, and brackets"
                  + " that match, got Unexpected end-of-input in property name; correct the JSON"),
          new Row(
              1,
              "edit DIR/number.json -o DIR/out.png",
              "DIR/number.json: line 1, column 96: expected finite numbers, quoted text, and"
                  + " brackets that match, got Non-standard token 'NaN'; correct the JSON"),
          new Row(
              1,
              "edit DIR/latin1.json -o DIR/out.png",
              "DIR/latin1.json: expected JSON text in UTF-8, got other bytes; check that it is an"
                  + " edit document"),
          new Row(
              1,
              "edit DIR/long.json -o DIR/out.png",
              "DIR/long.json: expected at most 16777216 bytes, got more; check that it is an edit"
                  + " document"),
          new Row(
              1,
              "edit DIR/more.json -o DIR/out.png",
              "DIR/more.json: the document: expected nothing after its last bracket, got an object;"
                  + " remove it"),
          new Row(
              1,
              "edit DIR/no-format.json -o DIR/out.png",
              "DIR/no-format.json: format: expected \"drag-edit/2\", got nothing; add it"),
          new Row(
              1,
              "edit DIR/format-3.json -o DIR/out.png",
              "DIR/format-3.json: format: expected one of \"drag-edit/1\", \"drag-edit/2\", got"
                  + " \"drag-edit/3\"; correct it"),
          new Row(
              1,
              "edit DIR/no-image.json -o DIR/out.png",
              "DIR/no-image.json: image: expected {\"file\": ...}, got nothing; add it"),
          new Row(
              1,
              "edit DIR/no-drags.json -o DIR/out.png",
              "DIR/no-drags.json: drags: expected 1 to 1000 of them, got 0; draw one"),
          new Row(
              1,
              "edit DIR/no-target.json -o DIR/out.png",
              "DIR/no-target.json: drags[0].target: expected a region with mapping \"region\", got"
                  + " none; say where the handle goes"),
          new Row(
              1,
              "edit DIR/two-points.json -o DIR/out.png",
              "DIR/two-points.json: drags[0].handle.polygon: expected at least 3 points, got 2; add"
                  + " more"),
          new Row(
              1,
              "edit DIR/field.json -o DIR/out.png",
              "DIR/field.json: sede: expected one of format, image, prompt, mask, drags, working,"
                  + " method, model, seed, got an unknown field; did you mean seed?"),
          new Row(
              1,
              "edit DIR/value.json -o DIR/out.png",
              "DIR/value.json: seed: expected a whole number from 0 to 9223372036854775807, got -1;"
                  + " correct it"),
          new Row(
              1,
              "edit DIR/type.json -o DIR/out.png",
              "DIR/type.json: prompt: expected a text in quotes, got 7; correct it"),
          new Row(
              1,
              "edit DIR/twice.json -o DIR/out.png",
              "DIR/twice.json: line 1, column 164: expected every field once, got Duplicate Object"
                  + " property \"seed\"; correct the JSON"),
          new Row(
              1,
              "edit DIR/half.json -o DIR/out.png",
              "DIR/half.json: prompt: expected whole characters, got half a surrogate pair; correct"
                  + " the \\u escapes"),
          new Row(
              1,
              "edit DIR/method.json -o DIR/out.png",
              "DIR/method.json: method.start: expected a number from 0 to 1, got 2; correct it"),
          new Row(
              1,
              "edit DIR/later.json -o DIR/out.png",
              "DIR/later.json: model.id: expected what is implemented, got a field for a later"
                  + " version, not implemented yet; remove it and name a folder with \"path\" or"
                  + " --model"),
          new Row(
              1,
              "edit DIR/outside.json -o DIR/out.png",
              "drags[0].handle: expected a region that overlaps the picture of 64x48, got one"
                  + " wholly outside; coordinates are pixels of the picture, (0, 0) at its top"
                  + " left"),
          new Row(
              1,
              "edit DIR/nothing.json -o DIR/out.png -m DEMO --progress none",
              "drags[0]: region: expected the centre of at least one cell of 8x8 pixels inside, got"
                  + " none; draw it larger"),
          new Row(
              1,
              "edit DIR/layers.json -o DIR/out.png -m DEMO --progress none",
              "method.layers: expected \"all\", \"decoder\" or the path of a self-attention, got"
                  + " \"encoder\", which matches none of the model; write for example"
                  + " up_blocks.1.*"),
          new Row(
              1,
              "edit DIR/good.json -o DIR/out.png --set method.stpes=3",
              "--set: method.stpes: expected one of name, steps, start, end, copy, handleNoise,"
                  + " variant, layers, injectSteps, injectStrength, fill, overlap, border, pairing,"
                  + " guidance, negativePrompt, faithful, batched, got an unknown field; did you"
                  + " mean steps?"),
          new Row(
              1,
              "edit DIR/good.json -o DIR/out.png --method dragon",
              "--method: method.name: expected one of \""
                  + String.join("\", \"", Methods.names())
                  + "\", got \"dragon\"; correct it"),
          new Row(
              1,
              "edit --explain --method dragon",
              "--method: expected one of "
                  + String.join(", ", Methods.names())
                  + ", got \"dragon\"; correct it"),
          new Row(
              1,
              "edit DIR/good.json -o DIR/out.png --set steps",
              "--set: expected PATH=VALUE, got \"steps\"; write for example method.steps=30"),
          new Row(
              1,
              "edit DIR/good.json -o DIR/out.png --size 4",
              "--size: working.size: expected a whole number from 8 to 4096, got 4; correct it"),
          new Row(
              1,
              "edit DIR/good.json -o DIR/out.png --steps 0",
              "--steps: method.steps: expected a whole number from 1 to 999, got 0; correct it"),
          new Row(
              1,
              "preview DIR/good.json -o DIR/out.png --seed -1",
              "--seed: seed: expected a whole number from 0 to 9223372036854775807, got -1; correct"
                  + " it"),
          new Row(
              1,
              "sweep DIR/good.json --over method.start=2",
              "--over: method.start: expected a number from 0 to 1, got 2; correct it"),
          new Row(
              1,
              "edit DIR/good.json -o DIR/out.png --set drags[7].mapping=affine",
              "--set: drags[7].mapping: expected an index below 1, got 7; see --explain for the"
                  + " paths"),
          new Row(
              1,
              "edit DIR/lost-picture.json -o DIR/out.png",
              "DIR/lost.png: expected a picture, got no such file; check the path"),
          new Row(
              1,
              "edit DIR/picture-folder.json -o DIR/out.png",
              "DIR/folder: expected a picture, got a folder or device; check the path"),
          new Row(
              1,
              "edit DIR/up.json -o DIR/out.png",
              "DIR/up.json: image.file: expected a relative file name without .., got"
                  + " \"../cat.png\"; put the file beside the document"),
          new Row(
              1,
              "edit DIR/hash.json -o DIR/out.png",
              "DIR/cat.png: expected the picture of SHA-256"
                  + " 0000000000000000000000000000000000000000000000000000000000000000, got another"
                  + " one; name the picture that the document was drawn for, or another one, with"
                  + " -i"),
          new Row(
              1,
              "edit DIR/picture-text.json -o DIR/out.png",
              "DIR/text.png: expected a PNG, JPEG, WebP or BMP picture, got a file of another kind,"
                  + " whatever its name; convert it"),
          new Row(
              1,
              "edit DIR/picture-none.json -o DIR/out.png",
              "DIR/none.png: expected a PNG, JPEG, WebP or BMP picture, got an empty file; fetch it"
                  + " again"),
          new Row(
              1,
              "edit DIR/picture-cut.json -o DIR/out.png",
              "DIR/cut.png: expected ... bytes of IDAT at byte 33, got ... to the end of the file;"
                  + " the PNG is damaged, fetch it again"),
          new Row(
              1,
              "edit DIR/picture-flipped.json -o DIR/out.png",
              "DIR/flipped.png: expected the checksum of IDAT at byte 33, got another one; the PNG"
                  + " is damaged, fetch it again"),
          new Row(
              1,
              "edit DIR/picture-huge.json -o DIR/out.png",
              "DIR/huge.png: expected 1 to 16384 pixels a side and at most 100 million in all, got"
                  + " 16777280x48; use another size"),
          new Row(
              1,
              "edit DIR/picture-jpg.json -o DIR/out.png",
              "DIR/cut.jpg: expected a complete JPEG picture, got one that cannot be decoded; the"
                  + " file is damaged, fetch it again"),
          new Row(
              1,
              "edit DIR/cat.png -o DIR/out.png",
              "DIR/cat.png: expected an edit document, or a PNG that drag4j edited, got a PNG"
                  + " without a document in it; name the document's JSON file"),
          new Row(
              1,
              "edit DIR/mask.json -o DIR/out.png",
              "mask: expected a mask of the picture's size, 64x48, got 8x8 in \"small.png\";"
                  + " paint it over the picture"),
          new Row(
              1,
              "edit DIR/lost-mask.json -o DIR/out.png",
              "DIR/lost.png: expected a picture, got no such file; check the path"),
          new Row(
              1,
              "edit DIR/inline.json -o DIR/out.png",
              "inline mask: expected base64, got other characters; name a file, or encode it"
                  + " again"),
          new Row(
              1,
              "info DIR/lost.png",
              "DIR/lost.png: expected a picture, got no such file; check the path"),
          new Row(
              1,
              "edit DIR/picture-heic.json -o DIR/out.png",
              "DIR/photo.heic: expected a PNG, JPEG, WebP or BMP picture, got a HEIC picture, which"
                  + " is not supported; save or export it as PNG or JPEG"),
          new Row(
              1,
              "edit DIR/black-mask.json -o DIR/out.png",
              "DIR/cat.png: expected a mask that is bright, 128 to 255, where it is set, got an"
                  + " empty one: its brightest value is 0; paint white what it selects"),
          new Row(
              1,
              "generate -p x -i DIR/cat.png --mask DIR/cat.png -m DEMO -o DIR/out.png",
              "DIR/cat.png: expected a mask that is bright, 128 to 255, where it is set, got an"
                  + " empty one: its brightest value is 0; paint white what it selects"),
          new Row(
              1,
              "info DIR/text.png",
              "DIR/text.png: expected a PNG, JPEG, WebP or BMP picture, got a file of another kind,"
                  + " whatever its name; convert it"),
          new Row(
              3,
              "EDIT",
              "model: expected a folder in the diffusers layout, got none; name one with --model,"
                  + " DRAG4J_MODEL or \"model\": {\"path\": ...} in the document"),
          new Row(
              3,
              "EDIT -m DIR/lost",
              "DIR/lost: expected a model folder, got nothing of that name; check the path"),
          new Row(
              3,
              "EDIT -m DIR/cat.png",
              "DIR/cat.png: expected a model folder in the diffusers layout, got a file; name the"
                  + " folder that holds unet, vae and text_encoder"),
          new Row(
              3,
              "EDIT -m DIR/empty",
              "DIR/empty: expected a model folder with model_index.json or unet, got an empty"
                  + " folder; name the folder that holds them"),
          new Row(
              3,
              "edit DIR/lost-model.json -o DIR/out.png",
              "DIR/lost: expected the model that the document names, got nothing of that name; name"
                  + " its folder with --model"),
          new Row(
              3,
              "EDIT -m DIR/models/no-unet",
              "DIR/models/no-unet/unet: expected weights in diffusion_pytorch_model.safetensors or"
                  + " diffusion_pytorch_model.fp16.safetensors or model.safetensors or"
                  + " model.fp16.safetensors, got config.json; fetch the missing file"),
          new Row(
              3,
              "EDIT -m DIR/models/no-config",
              "DIR/models/no-config/vae/config.json: expected a file, got none of that name; check"
                  + " the path"),
          new Row(
              3,
              "EDIT -m DIR/models/cut",
              "DIR/models/cut/unet/diffusion_pytorch_model.safetensors: tensor"
                  + " \"down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight\" (header"
                  + " character 1610): data_offsets: expected an end of at most 48528, the bytes"
                  + " after the header, got 51208; the file is cut short, fetch it again"),
          new Row(
              3,
              "EDIT -m DIR/models/pointer",
              "DIR/models/pointer/unet/diffusion_pytorch_model.safetensors: expected a safetensors"
                  + " file, got a Git LFS pointer; run 'git lfs pull'"),
          new Row(
              3,
              "EDIT -m DIR/models/other-config",
              "DIR/models/other-config/unet/diffusion_pytorch_model.safetensors:"
                  + " down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight: expected"
                  + " [64, 7], got [64, 128]; check that config.json and weights belong together"),
          new Row(
              3,
              "EDIT -m DIR/models/bad-config",
              "DIR/models/bad-config/unet/config.json: character 1: expected valid JSON, got:"
                  + " Unexpected end-of-input: expected close marker for Object; the file is"
                  + " damaged, fetch it again"),
          new Row(
              3,
              "EDIT -m DIR/models/bad-scheduler",
              "DIR/models/bad-scheduler/scheduler/scheduler_config.json: scheduler beta_schedule:"
                  + " expected linear or scaled_linear, got cubic; use another checkpoint"),
          new Row(
              3,
              "EDIT -m DIR/models/renamed",
              "DIR/models/renamed/unet/diffusion_pytorch_model.safetensors: conv_in.weight:"
                  + " expected [64, 4, 3, 3], got no tensor of that name; check that config.json"
                  + " and weights belong together"),
          new Row(
              3,
              "EDIT -m DIR/models/nan",
              "DIR/models/nan/text_encoder/model.safetensors:"
                  + " text_model.final_layer_norm.weight: expected finite numbers, got NaN or"
                  + " infinity at element 3; fetch the file again, and if it is the same then, use"
                  + " another checkpoint"),
          new Row(
              3,
              "EDIT -m DIR/models/xl",
              "DIR/models/xl: expected a Stable Diffusion 1.x or 2.x model, got Stable Diffusion XL"
                  + " (StableDiffusionXLPipeline), which drag4j does not run (yet); use a Stable"
                  + " Diffusion 1.x or 2.x model"),
          new Row(
              3,
              "preview DIR/good.json -o DIR/out.png -m DIR/models/inpainting",
              "DIR/models/inpainting: expected a Stable Diffusion 1.x or 2.x model, got an"
                  + " inpainting model: its UNet takes a mask and the masked picture beside the"
                  + " latent, which drag4j does not run (yet); use the model it was trained from"),
          new Row(
              3,
              "EDIT -m DIR/models/zero-snr",
              "DIR/models/zero-snr/scheduler/scheduler_config.json: rescale_betas_zero_snr:"
                  + " expected null or false, got true; drag4j does not do this (yet); use another"
                  + " model"),
          new Row(
              3,
              "EDIT -m DIR/models/padding",
              "DIR/models/padding: tokenizer: pad_token: expected a token of the vocabulary, got"
                  + " \"[PAD]\"; correct it in tokenizer_config.json"),
          new Row(
              3,
              "EDIT -m DIR/models/link",
              "DIR/models/link/unet/diffusion_pytorch_model.safetensors: expected a file, got a"
                  + " link to \"../blobs/0\", where nothing is; copy models with what their links"
                  + " point to (cp -L), or finish the download"),
          new Row(
              3,
              "model info DIR/lost",
              "DIR/lost: expected a model folder, got nothing of that name; check the path"),
          new Row(
              3,
              "model info DIR/text.png",
              "DIR/text.png: expected at least 8 bytes, got 4; the file is cut short, fetch it"
                  + " again"),
          new Row(
              4,
              "EDIT -m DEMO --device tpu",
              "device tpu: expected one of cpu..., got another name; see drag4j devices"),
          new Row(4, "EDIT -m DEMO --device cuda:7", "device cuda...: expected ..., got...; ..."),
          new Row(
              4,
              "EDIT -m DEMO --device opencl:99",
              "device opencl:99: expected one of cpu..., got another name; see drag4j devices"),
          new Row(
              4,
              "EDIT -m DEMO --device cpu:1",
              "device cpu:1: expected one of cpu..., got another name; see drag4j devices"));

  @BeforeAll
  void prepare() throws IOException {
    PictureFiles.writePng(Picture.of(64, 48, new byte[64 * 48 * 3]), folder.resolve("cat.png"));
    byte[] white = new byte[8 * 8 * 3];
    Arrays.fill(white, (byte) -1);
    PictureFiles.writePng(Picture.of(8, 8, white), folder.resolve("small.png"));
    document("good", "");
    document("field", ", \"sede\": 1");
    document("value", ", \"seed\": -1");
    document("type", ", \"prompt\": 7");
    document("twice", ", \"seed\": 1, \"seed\": 2");
    document("half", ", \"prompt\": \"\\ud800\"");
    document("method", ", \"method\": {\"start\": 2}");
    document("later", ", \"model\": {\"id\": \"x/y\"}");
    document("mask", ", \"mask\": {\"png\": \"small.png\"}");
    document("black-mask", ", \"mask\": {\"png\": \"cat.png\"}");
    document("lost-mask", ", \"mask\": {\"png\": \"lost.png\"}");
    document("inline", ", \"mask\": {\"png\": \"data:image/png;base64,?\"}");
    document("layers", ", \"method\": {\"layers\": \"encoder\", \"steps\": 4}");
    document("lost-model", ", \"model\": {\"path\": \"lost\"}");
    var good = Files.readString(folder.resolve("good.json"));
    write("cut.json", good.substring(0, 30));
    write("number.json", good.replace("8,8,32", "NaN,8,32"));
    write("empty.json", "");
    write("list.json", "[]");
    write("more.json", good + "{}");
    write("no-format.json", good.replace("\"format\": \"drag-edit/1\",", ""));
    write("format-3.json", good.replace("drag-edit/1", "drag-edit/3"));
    write("no-image.json", "{\"format\": \"drag-edit/1\"," + DRAGS + "}");
    write("no-drags.json", good.replace(DRAGS, "\"drags\": []"));
    write("no-target.json", good.replaceFirst(", \"target\": \\{.*?}", ""));
    write(
        "two-points.json",
        good.replace("\"rectangle\": [8,8,32,32]", "\"polygon\": [[1,1],[9,9]]"));
    write("outside.json", good.replace("[8,8,32", "[800,8,32"));
    write("nothing.json", good.replace("[8,8,32,32]", "[8,8,2,2]"));
    write("lost-picture.json", good.replace("cat.png", "lost.png"));
    write("up.json", good.replace("cat.png", "../cat.png"));
    write(
        "moved.json",
        good.replace(
            "\"cat.png\"", "\"elsewhere/dog.png\", \"sha256\": \"" + "0".repeat(64) + "\""));
    write(
        "hash.json",
        good.replace("\"cat.png\"", "\"cat.png\", \"sha256\": \"" + "0".repeat(64) + "\""));
    Files.write(
        folder.resolve("latin1.json"),
        good.replace("cat", "k\u00e4tzchen").getBytes(StandardCharsets.ISO_8859_1));
    Files.write(folder.resolve("long.json"), new byte[(16 << 20) + 1]);
    write("text.png", "text");
    write("none.png", "");
    byte[] png = Files.readAllBytes(folder.resolve("cat.png"));
    Files.write(folder.resolve("cut.png"), Arrays.copyOf(png, png.length - 30));
    byte[] flipped = png.clone();
    flipped[45] ^= 1;
    Files.write(folder.resolve("flipped.png"), flipped);
    Files.write(
        folder.resolve("cut.jpg"), new byte[] {(byte) 0xff, (byte) 0xd8, (byte) 0xff, (byte) 0xe0});
    byte[] huge = png.clone();
    huge[16] = 1;
    var crc = new CRC32();
    crc.update(huge, 12, 17);
    ByteBuffer.wrap(huge).putInt(29, (int) crc.getValue());
    Files.write(folder.resolve("huge.png"), huge);
    for (var name : List.of("text", "none", "cut", "flipped", "huge")) {
      write("picture-" + name + ".json", good.replace("cat.png", name + ".png"));
    }
    write("photo.heic", "\0\0\0\u0018ftypheic\0\0\0\0mif1heic");
    write("picture-heic.json", good.replace("cat.png", "photo.heic"));
    write("picture-jpg.json", good.replace("cat.png", "cut.jpg"));
    Files.createDirectory(folder.resolve("folder"));
    Files.createDirectory(folder.resolve("folder.png"));
    write("picture-folder.json", good.replace("cat.png", "folder"));
    Files.createDirectory(folder.resolve("empty"));
    models();
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private void document(String name, String more) throws IOException {
    write(
        name + ".json",
        "{\"format\": \"drag-edit/1\", \"image\": {\"file\": \"cat.png\"}, " + DRAGS + more + "}");
  }

  /** The demo model with one thing wrong in each copy. */
  private void models() throws IOException {
    var unet = "unet/diffusion_pytorch_model.safetensors";
    Files.delete(model("no-unet").resolve(unet));
    Files.delete(model("no-config").resolve("vae/config.json"));
    var cut = model("cut").resolve(unet);
    Files.write(cut, Arrays.copyOf(Files.readAllBytes(cut), 100_000));
    Files.writeString(
        model("pointer").resolve(unet), "version https://git-lfs.github.com/spec/v1\n");
    var config = model("other-config").resolve("unet/config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replaceFirst("\"cross_attention_dim\": \\d+", "\"cross_attention_dim\": 7"));
    Files.writeString(model("bad-config").resolve("unet/config.json"), "{");
    var scheduler = model("bad-scheduler").resolve("scheduler/scheduler_config.json");
    Files.writeString(scheduler, Files.readString(scheduler).replace("scaled_linear", "cubic"));
    var nan = model("nan").resolve("text_encoder/model.safetensors");
    try (var file = Safetensors.open(nan);
        var channel = FileChannel.open(nan, StandardOpenOption.WRITE)) {
      long from = channel.size();
      for (var name : List.copyOf(file.names()).reversed()) {
        from -= file.entry(name).orElseThrow().byteSize();
        if (name.equals("text_model.final_layer_norm.weight")) {
          channel.write(ByteBuffer.wrap(new byte[] {0, 0x7e}), from + 3 * 2);
        }
      }
    }
    replace(
        model("xl").resolve("model_index.json"),
        "StableDiffusionPipeline",
        "StableDiffusionXLPipeline");
    replace(
        model("inpainting").resolve("unet/config.json"),
        "\"in_channels\": 4",
        "\"in_channels\": 9");
    replace(
        model("zero-snr").resolve("scheduler/scheduler_config.json"),
        "\"clip_sample\"",
        "\"rescale_betas_zero_snr\": true, \"clip_sample\"");
    replace(
        model("padding").resolve("tokenizer/special_tokens_map.json"),
        "\"pad_token\": \"<|endoftext|>\"",
        "\"pad_token\": \"[PAD]\"");
    var link = model("link").resolve(unet);
    Files.delete(link);
    Files.createSymbolicLink(link, Path.of("../blobs/0"));
    var renamed = model("renamed").resolve(unet);
    var text = new String(Files.readAllBytes(renamed), StandardCharsets.ISO_8859_1);
    Files.write(
        renamed,
        text.replaceFirst("\"conv_in.weight\"", "\"conv_un.weight\"")
            .getBytes(StandardCharsets.ISO_8859_1));
  }

  private static void replace(Path file, String from, String to) throws IOException {
    var text = Files.readString(file);
    assertTrue(text.contains(from), file.toString());
    Files.writeString(file, text.replace(from, to));
  }

  private Path model(String name) throws IOException {
    var to = folder.resolve("models").resolve(name);
    try (Stream<Path> files = Files.walk(HOME.resolve("models/demo"))) {
      for (var file : files.toList()) {
        var target = to.resolve(HOME.resolve("models/demo").relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
    return to;
  }

  private String expanded(String text) {
    return text.replace("EDIT", "edit DIR/good.json -o DIR/out.png --steps 4 --progress none")
        .replace("DIR", folder.toString())
        .replace("DEMO", HOME.resolve("models/demo").toString());
  }

  private record Outcome(int code, String out, String err) {}

  private static Outcome run(Host host, String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var commands = Drag4j.commandLine(host);
    commands.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int code = Drag4j.run(commands, host, args);
    return new Outcome(code, out.toString(), err.toString());
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(String::valueOf).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("rows")
  void oneLineAndItsCode(Row row) throws IOException {
    var before = files();
    var outcome = run(new Host(Map.of(), false, () -> false), expanded(row.args()).split(" "));
    String line = outcome.err().replaceFirst("^drag4j: ", "").stripTrailing();
    assertMatches(row.message(), line.replace(folder.toString(), "DIR"));
    assertEquals(row.code(), outcome.code());
    assertEquals("", outcome.out());
    assertTrue(outcome.err().startsWith("drag4j: "));
    assertEquals(1, outcome.err().lines().count());
    assertEquals(before, files());
  }

  private static void assertMatches(String expected, String actual) {
    var pieces =
        Arrays.stream(expected.split("\\.\\.\\.", -1))
            .map(Pattern::quote)
            .collect(Collectors.joining(".*"));
    if (!actual.matches(pieces)) {
      assertEquals(expected, actual);
    }
  }
}
