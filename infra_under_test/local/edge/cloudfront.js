// CloudFront's signed URLs and origin access for the local edge, in njs.
import hashes from 'crypto';

const SIGNING_ARGS = ['Expires', 'Policy', 'Signature', 'Key-Pair-Id'];
const MESSAGES = {
  MissingKey: 'Missing Key-Pair-Id query parameter or cookie value',
  InvalidKey: 'Unknown Key',
  MalformedPolicy: 'Malformed Policy',
  AccessDenied: 'Access denied',
};

// CloudFront's URL-safe base64.
function decodeBase64(text) {
  return Buffer.from(text.replace(/-/g, '+').replace(/_/g, '=').replace(/~/g, '/'), 'base64');
}

// The signing arguments, and the URL without them, which is what was signed.
function readUrl(r) {
  const uri = r.variables.request_uri;
  const mark = uri.indexOf('?');
  const args = {};
  const others = [];
  (mark < 0 ? '' : uri.slice(mark + 1)).split('&').forEach((pair) => {
    const name = pair.split('=', 1)[0];
    if (SIGNING_ARGS.includes(name)) {
      args[name] = pair.slice(name.length + 1);
    } else if (pair !== '') {
      others.push(pair);
    }
  });
  const base = `${r.variables.scheme}://${r.variables.http_host}${mark < 0 ? uri : uri.slice(0, mark)}`;
  return {args: args, url: others.length ? `${base}?${others.join('&')}` : base};
}

function cannedPolicy(url, expires) {
  return `{"Statement":[{"Resource":"${url}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
}

// A custom policy's resource: `*` is any text, `?` any one character.
function matchesResource(pattern, url) {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
  return new RegExp(`^${escaped}$`).test(url);
}

function inNetwork(address, network) {
  const toNumber = (text) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const parts = network.split('/');
  const size = Math.pow(2, 32 - (parts.length > 1 ? Number(parts[1]) : 32));
  return Math.floor(toNumber(address) / size) === Math.floor(toNumber(parts[0]) / size);
}

function allows(policy, url, address, now) {
  const statement = policy.Statement[0];
  const condition = statement.Condition;
  const ip = condition.IpAddress;
  const from = condition.DateGreaterThan;
  return now < condition.DateLessThan['AWS:EpochTime']
    && (!from || now > from['AWS:EpochTime'])
    && (!ip || inNetwork(address, ip['AWS:SourceIp']))
    && (!statement.Resource || matchesResource(statement.Resource, url));
}

// Why the request may not pass: a key of MESSAGES, or '' when it may.
async function denialOf(r) {
  const request = readUrl(r);
  const args = request.args;
  if (!args['Key-Pair-Id'] || !args.Signature || !(args.Expires || args.Policy)) {
    return 'MissingKey';
  }
  if (args['Key-Pair-Id'] !== r.variables.signing_key_pair_id) {
    return 'InvalidKey';
  }
  if (!args.Policy && !/^\d{1,12}$/.test(args.Expires)) {
    return 'MalformedPolicy';
  }
  const policy = args.Policy ? decodeBase64(args.Policy).toString() : cannedPolicy(request.url, args.Expires);
  const algorithm = {name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1'};
  const der = Buffer.from(r.variables.signing_public_key, 'base64');
  const key = await crypto.subtle.importKey('spki', der, algorithm, false, ['verify']);
  const signed = await crypto.subtle.verify(algorithm, key, decodeBase64(args.Signature), Buffer.from(policy));
  if (!signed) {
    return 'AccessDenied';
  }
  if (!args.Policy) {
    return Date.now() / 1000 < Number(args.Expires) ? '' : 'AccessDenied';
  }
  try {
    const allowed = allows(JSON.parse(policy), request.url, r.variables.remote_addr, Date.now() / 1000);
    return allowed ? '' : 'AccessDenied';
  } catch (error) {
    return 'MalformedPolicy';
  }
}

// The subrequest behind auth_request: it runs before the cache look-up, so hits are verified too.
async function verify(r) {
  const denial = await denialOf(r);
  if (denial === '') {
    r.return(204);
    return;
  }
  r.headersOut['X-Denial'] = denial;
  r.return(403);
}

function denied(r) {
  const code = r.variables.denial || 'AccessDenied';
  r.headersOut['Content-Type'] = 'text/xml';
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code>`
    + `<Message>${MESSAGES[code]}</Message></Error>`;
  r.return(403, body);
}

// Seconds since the origin answered, for a reply from the cache; nothing otherwise.
function age(r) {
  const status = r.variables.upstream_cache_status;
  const date = r.variables.upstream_http_date;
  if (!date || !['HIT', 'STALE', 'UPDATING', 'REVALIDATED'].includes(status)) {
    return '';
  }
  if (status === 'REVALIDATED') {
    return '0';
  }
  return String(Math.max(0, Math.floor((Date.now() - Date.parse(date)) / 1000)));
}

function s3Date() {
  return new Date().toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
}

function encodeKey(path) {
  const encode = (part) => encodeURIComponent(part)
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return decodeURIComponent(path).split('/').map(encode).join('/');
}

// AWS Signature Version 4 of a GET from S3: the stand-in for CloudFront's origin access identity.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
function s3Authorization(r) {
  const v = r.variables;
  const day = v.s3_date.slice(0, 8);
  const scope = `${day}/${v.s3_region}/s3/aws4_request`;
  const signedHeaders = 'host;x-amz-content-sha256;x-amz-date';
  let key;
  try {
    key = encodeKey(v.viewer_path);
  } catch (error) {
    return '';  // not UTF-8: S3 has no such key, and refuses the unsigned request
  }
  const request = `GET\n/${v.bucket}${key}\n\nhost:${v.s3_host}\n`
    + `x-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:${v.s3_date}\n\n${signedHeaders}\nUNSIGNED-PAYLOAD`;
  const digest = hashes.createHash('sha256').update(request).digest('hex');
  const toSign = `AWS4-HMAC-SHA256\n${v.s3_date}\n${scope}\n${digest}`;
  const hmac = (secret, text) => hashes.createHmac('sha256', secret).update(text);
  const signingKey = [day, v.s3_region, 's3', 'aws4_request']
    .reduce((secret, text) => hmac(secret, text).digest(), `AWS4${v.s3_secret_key}`);
  return `AWS4-HMAC-SHA256 Credential=${v.s3_access_key}/${scope}, SignedHeaders=${signedHeaders}, `
    + `Signature=${hmac(signingKey, toSign).digest('hex')}`;
}

export default {verify, denied, age, s3Date, s3Authorization};
